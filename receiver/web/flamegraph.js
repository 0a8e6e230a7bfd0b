// flamegraph.js: draws a call tree on a canvas, root at the top, and answers the mouse and the keyboard.
//
// A tree is { total, unit, nodes: [{ parent, name, file, line, kind, self, total, depth, children }] }, nodes[0] the root, parents first.
// The widest children are drawn first; what would be narrower than half a pixel is not drawn.

import { share, source, value } from "./format.js";

const rowHeight = 20;
const textPadding = 5;
const leastWidth = 0.5;
const mostAncestors = 20;
const mostRows = 1000; // browsers draw canvases of up to 65,535 pixels; zooming shows what lies deeper

export class FlameGraph {
  // onSelect(node, isZoomRoot) tells what is under the mouse or the keyboard's cursor, null for nothing; onZoom(node) tells the new root.
  constructor(canvas, tooltip, { onSelect, onZoom }) {
    this.canvas = canvas;
    this.tooltip = tooltip;
    this.onSelect = onSelect;
    this.onZoom = onZoom;
    this.tree = null;
    this.zoomed = null;
    this.selected = null;
    this.boxes = []; // what is on the canvas: { node, x, y, width }
    this.plain = false;
    canvas.addEventListener("mousemove", (event) => this.#hover(event));
    canvas.addEventListener("mouseleave", () => this.#leave());
    canvas.addEventListener("click", (event) => this.#click(event));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  // plain: one colour for all kinds, for profiles that are not of Go and C.
  show(tree, matches, plain) {
    this.tree = tree;
    this.matches = matches;
    this.plain = plain;
    this.zoomed = tree.nodes[0];
    this.selected = null;
    this.#hideTooltip();
    this.draw();
  }

  highlight(matches) {
    this.matches = matches;
    this.draw();
  }

  zoom(node) {
    this.zoomed = node;
    this.selected = node;
    this.#hideTooltip();
    this.draw();
    this.onZoom(node);
  }

  // ---- Drawing ----

  // Boxes of the zoomed node's nearest ancestors (full width), of itself, and of all below it that is wide enough and not too deep.
  #layout(width) {
    this.boxes = [];
    const root = this.tree.nodes[0];
    const path = [];
    for (let node = this.zoomed; node !== root; ) {
      node = this.tree.nodes[node.parent];
      if (path.length < mostAncestors || node === root) path.unshift(node);
    }
    path.forEach((node, row) => this.boxes.push({ node, x: 0, y: row * rowHeight, width, ancestor: true }));
    const scale = this.zoomed.total ? width / this.zoomed.total : 0;
    const pending = [{ node: this.zoomed, x: 0 }];
    while (pending.length > 0) {
      const { node, x } = pending.pop();
      const wide = node === this.zoomed ? width : node.total * scale;
      const row = path.length + node.depth - this.zoomed.depth;
      if (!(wide >= leastWidth) || row >= mostRows) continue;
      this.boxes.push({ node, x, y: row * rowHeight, width: wide });
      let at = x;
      for (const child of node.children) {
        pending.push({ node: child, x: at });
        at += child.total * scale;
      }
    }
  }

  draw() {
    if (!this.tree) return;
    const frame = getComputedStyle(this.canvas.parentElement);
    const width = Math.floor(this.canvas.parentElement.clientWidth - parseFloat(frame.paddingLeft) - parseFloat(frame.paddingRight));
    if (width <= 0) return;
    this.#layout(width);
    const height = this.boxes.reduce((most, box) => Math.max(most, box.y + rowHeight), rowHeight);
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    const style = getComputedStyle(this.canvas);
    const colours = Object.fromEntries(
      ["c", "go", "runtime", "root", "plain", "match", "dim", "text", "dim-text", "cursor"].map((name) => [
        name,
        style.getPropertyValue(`--flame-${name}`).trim(),
      ]),
    );
    context.font = `12px ${style.fontFamily}`;
    context.textBaseline = "middle";
    for (const box of this.boxes) this.#drawBox(context, colours, box);
  }

  #colour(colours, node) {
    if (this.matches && node !== this.tree.nodes[0]) return this.matches.has(node) ? colours.match : colours.dim;
    if (node === this.tree.nodes[0]) return colours.root;
    return this.plain ? colours.plain : colours[node.kind];
  }

  #drawBox(context, colours, box) {
    const { node, x, y } = box;
    const width = Math.max(box.width - (box.width > 3 ? 1 : 0), 0.5); // a gap of one pixel tells neighbours apart
    const dimmed = this.matches && !this.matches.has(node) && node !== this.tree.nodes[0];
    context.globalAlpha = box.ancestor ? 0.55 : 1;
    context.fillStyle = this.#colour(colours, node);
    context.fillRect(x, y, width, rowHeight - 1);
    if (node === this.selected) {
      context.strokeStyle = colours.cursor;
      context.lineWidth = 2;
      context.strokeRect(x + 1, y + 1, Math.max(width - 2, 1), rowHeight - 3);
    }
    context.globalAlpha = 1;
    if (width < 24) return;
    context.fillStyle = dimmed ? colours["dim-text"] : colours.text;
    const text = this.#fit(context, node.name, width - 2 * textPadding);
    if (text) context.fillText(text, x + textPadding, y + rowHeight / 2);
  }

  // As much of the name as has room; a Go import path is the first to go.
  #fit(context, name, room) {
    if (context.measureText(name).width <= room) return name;
    const short = name.slice(name.lastIndexOf("/") + 1);
    if (context.measureText(short).width <= room) return short;
    let characters = Math.floor((room / context.measureText(short).width) * short.length);
    while (characters >= 3 && context.measureText(`${short.slice(0, characters)}…`).width > room) characters--;
    return characters >= 3 ? `${short.slice(0, characters)}…` : "";
  }

  // ---- Mouse ----

  #at(event) {
    const area = this.canvas.getBoundingClientRect();
    const x = event.clientX - area.left;
    const y = event.clientY - area.top;
    return this.boxes.find((box) => x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + rowHeight);
  }

  #select(node) {
    if (node === this.selected) return;
    this.selected = node;
    this.draw();
    this.onSelect(node);
  }

  #hover(event) {
    const box = this.#at(event);
    this.canvas.style.cursor = box ? "pointer" : "default";
    this.#select(box ? box.node : null);
    if (box) this.#showTooltip(box.node, event);
    else this.#hideTooltip();
  }

  #leave() {
    this.#hideTooltip();
    this.#select(null);
  }

  #click(event) {
    const box = this.#at(event);
    if (box) this.zoom(box.node);
  }

  #showTooltip(node, event) {
    const lines = [node.name, source(node.file, node.line), this.describe(node)].filter(Boolean);
    this.tooltip.replaceChildren(
      ...lines.map((line) => {
        const element = document.createElement("div");
        element.textContent = line;
        return element;
      }),
    );
    this.tooltip.hidden = false;
    const area = this.canvas.parentElement.getBoundingClientRect();
    const left = Math.min(event.clientX - area.left + 14, area.width - this.tooltip.offsetWidth - 4);
    this.tooltip.style.left = `${Math.max(left, 0)}px`;
    this.tooltip.style.top = `${event.clientY - area.top + 18}px`;
  }

  #hideTooltip() {
    this.tooltip.hidden = true;
  }

  describe(node) {
    const { unit, total } = this.tree;
    const self = node.self ? `, self ${value(node.self, unit)}` : "";
    return `${value(node.total, unit)}, ${share(node.total, total)} of all${self}`;
  }

  // ---- Keyboard ----

  #key(event) {
    const from = this.selected || this.zoomed;
    if (!from) return;
    const siblings = from === this.zoomed ? [from] : this.tree.nodes[from.parent].children;
    const place = siblings.indexOf(from);
    const moves = {
      ArrowUp: () => (from === this.tree.nodes[0] ? from : this.tree.nodes[from.parent]),
      ArrowDown: () => from.children[0],
      ArrowLeft: () => siblings[place - 1],
      ArrowRight: () => siblings[place + 1],
    };
    if (event.key in moves) {
      const to = moves[event.key]();
      if (to && this.boxes.some((box) => box.node === to)) this.#select(to);
    } else if (event.key === "Enter") {
      this.zoom(from);
    } else if (event.key === "Escape") {
      this.zoom(this.tree.nodes[0]);
    } else {
      return;
    }
    event.preventDefault();
  }
}
