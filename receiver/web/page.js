// page.js: the page: the list of uploads, the chosen one, its profile. The address's hash holds what is shown, so a link shows the same.
//
// Names come from profiles and from clients, so they are put into the page as text only.

import { FlameGraph } from "./flamegraph.js";
import { between, share, size, source, time, value } from "./format.js";
import { addUpFunctions, findMatches, readTree } from "./functions.js";

const refreshEvery = 3000;
const topFunctions = 50;
const memories = [["", "All"], ["C", "C memory"], ["Go", "Go memory"]];

const element = (id) => document.getElementById(id);
const state = { upload: "", attachment: "", type: "", memory: "", search: "" };
let shown = {}; // what is on the page: upload (object), attachment, types, tree
let order = "self";
let turn = 0; // answers that come after a newer choice are dropped

const graph = new FlameGraph(element("flamegraph"), element("tooltip"), {
  onSelect: (node) => (element("frame").textContent = frameText(node || graph.zoomed)),
  onZoom: (node) => {
    element("reset").disabled = node === graph.tree.nodes[0];
    element("frame").textContent = frameText(node);
  },
});

function frameText(node) {
  const place = source(node.file, node.line);
  return `${node.name}${place ? ` · ${place}` : ""} · ${graph.describe(node)}`;
}

function make(tag, text, properties = {}) {
  const made = Object.assign(document.createElement(tag), properties);
  if (text !== undefined) made.textContent = text;
  return made;
}

async function get(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error((await response.text()).trim() || response.statusText);
  return response.json();
}

// ---- State in the hash ----

function readHash() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  for (const key of Object.keys(state)) state[key] = parameters.get(key) || "";
}

function writeHash(replace) {
  const parameters = new URLSearchParams();
  for (const [key, text] of Object.entries(state)) if (text) parameters.set(key, text);
  const hash = `#${parameters}`;
  if (hash === location.hash) return;
  if (replace) history.replaceState(null, "", hash);
  else history.pushState(null, "", hash);
}

function choose(changes, replace = false) {
  Object.assign(state, changes);
  writeHash(replace);
  show();
}

// ---- List ----

function uploadItem(upload) {
  const link = make("a", undefined, { href: `#upload=${upload.id}` });
  const top = make("span", undefined, { className: "row" });
  top.append(make("b", upload.service || "no service"), make("time", time(upload.received), { dateTime: upload.received }));
  const bottom = make("span", undefined, { className: "row small" });
  const bytes = upload.attachments.reduce((sum, attachment) => sum + attachment.size_bytes, 0);
  bottom.append(make("span", [upload.env, upload.version].filter(Boolean).join(" · ") || "–"), make("span", size(bytes)));
  link.append(top, bottom);
  link.addEventListener("click", (event) => {
    event.preventDefault();
    // The same kind of view of another upload, as far as it has it.
    choose({ upload: String(upload.id) });
  });
  const item = make("li");
  item.dataset.upload = upload.id;
  item.append(link);
  return item;
}

function markCurrent() {
  for (const item of element("uploads").children) {
    if (item.dataset.upload === state.upload) item.firstChild.setAttribute("aria-current", "true");
    else item.firstChild.removeAttribute("aria-current");
  }
}

let listed = "";
let listTurn = 0; // as turn: a slow answer for an older filter is dropped
async function refreshList() {
  const current = ++listTurn;
  try {
    const filter = element("filter").value;
    const answer = await get(`api/uploads?limit=200&service=${encodeURIComponent(filter)}`);
    if (current !== listTurn) return;
    element("connection").textContent = "";
    const now = JSON.stringify(answer);
    // Untouched as long as nothing changed, so that the focus and the scroll position stay.
    if (now === listed) return;
    listed = now;
    const focused = document.activeElement?.closest?.("#uploads li")?.dataset.upload;
    element("uploads").replaceChildren(...answer.uploads.map(uploadItem));
    if (focused) element("uploads").querySelector(`li[data-upload="${CSS.escape(focused)}"] a`)?.focus();
    markCurrent();
    showEmpty(answer.uploads.length, filter);
    if (!state.upload && answer.uploads.length > 0) choose({ upload: String(answer.uploads[0].id) }, true);
  } catch {
    if (current === listTurn) element("connection").textContent = "not reachable";
  }
}

function showEmpty(count, filter) {
  if (count > 0 && state.upload) return;
  element("empty-title").textContent = count > 0 ? "Choose an upload" : filter ? "No upload matches" : "No uploads yet";
  element("empty-text").textContent =
    count > 0 || filter ? "" : `Set DD_TRACE_AGENT_URL=${location.origin} for a service with a profiler; its uploads appear here.`;
}

// ---- Upload ----

function showUpload(upload) {
  element("empty").hidden = true;
  element("upload").hidden = false;
  element("service").textContent = upload.service || "no service";
  document.title = `${upload.service || "upload"} · cmemprof`;
  const start = upload.start || upload.received;
  const facts = [
    upload.env && `env ${upload.env}`,
    upload.version && `version ${upload.version}`,
    upload.host && `host ${upload.host}`,
    upload.language || upload.runtime || upload.family,
    time(start),
    upload.end && between(upload.start, upload.end),
  ];
  element("facts").textContent = facts.filter(Boolean).join("  ·  ");
  element("tags").querySelector("summary").textContent = `${upload.tags.length} tags`;
  element("tags").querySelector("ul").replaceChildren(...upload.tags.map((tag) => make("li", tag)));
  element("attachments").replaceChildren(
    ...upload.attachments.map((attachment) => {
      const button = make("button", attachment.name, { type: "button" });
      button.append(make("small", size(attachment.size_bytes)));
      button.dataset.attachment = attachment.name;
      button.addEventListener("click", () => choose({ attachment: attachment.name, type: "", memory: "" }));
      return button;
    }),
  );
}

// What is asked for, else what says most about memory, else the first profile.
function pickAttachment(upload) {
  const profiles = upload.attachments.filter((attachment) => attachment.pprof);
  const named = (name) => profiles.find((attachment) => attachment.name === name);
  return (
    upload.attachments.find((attachment) => attachment.name === state.attachment) ||
    named("delta-heap.pprof") || named("heap.pprof") || profiles[0] || upload.attachments[0]
  );
}

// What is asked for, else memory in use, else the profile's default, else any; of the last three one that recorded something, if there is one.
function pickType(types) {
  const named = (name) => types.types.find((type) => type.type === name);
  const order = [named("inuse_space"), named("heap-space"), named(types.default_type), ...types.types].filter(Boolean);
  return named(state.type) || order.find((type) => type.total !== 0) || order[0];
}

function attachmentPath(upload, attachment, rest = "") {
  return `api/uploads/${upload.id}/attachments/${encodeURIComponent(attachment.name)}${rest}`;
}

// ---- Profile ----

function showTypes(types, chosen) {
  element("types").replaceChildren(
    ...types.types.map((type) => {
      const button = make("button", undefined, { type: "button" });
      button.append(make("span", type.type), make("b", value(type.total, type.unit)));
      button.setAttribute("aria-pressed", String(type === chosen));
      button.dataset.type = type.type;
      button.classList.toggle("nothing", type.total === 0);
      button.addEventListener("click", () => choose({ type: type.type }));
      return button;
    }),
  );
  element("memory").hidden = types.c_samples === 0;
  element("memory").replaceChildren(
    ...memories.map(([memory, label]) => {
      const button = make("button", label, { type: "button" });
      const total = memory === "C" ? chosen.c_total : memory === "Go" ? chosen.total - chosen.c_total : chosen.total;
      button.append(make("small", value(total, chosen.unit)));
      button.setAttribute("aria-pressed", String(state.memory === memory));
      button.dataset.memory = memory;
      button.addEventListener("click", () => choose({ memory }));
      return button;
    }),
  );
}

function showFunctions() {
  const { tree } = shown;
  const functions = (shown.functions ??= addUpFunctions(tree));
  const wanted = state.search.trim().toLowerCase();
  const rows = functions
    .filter((entry) => !wanted || entry.name.toLowerCase().includes(wanted) || entry.file.toLowerCase().includes(wanted))
    .sort((a, b) => b[order] - a[order] || b.total - a.total || (a.name < b.name ? -1 : 1))
    .slice(0, topFunctions);
  element("functions").querySelector("tbody").replaceChildren(
    ...rows.map((entry) => {
      const row = make("tr");
      const name = make("td", undefined, { className: "name" });
      name.append(make("i", undefined, { className: shown.plain ? "plain" : entry.kind }), entry.name);
      name.title = entry.name;
      row.append(
        make("td", value(entry.self, tree.unit), { className: "number" }),
        make("td", share(entry[order], tree.total), { className: "number" }),
        make("td", value(entry.total, tree.unit), { className: "number" }),
        name,
        make("td", source(entry.file, 0), { className: "source", title: entry.file }),
      );
      return row;
    }),
  );
  if (rows.length === 0) {
    const row = make("tr");
    row.append(make("td", wanted ? "No function matches" : "Nothing recorded", { colSpan: 5, className: "source" }));
    element("functions").querySelector("tbody").append(row);
  }
  for (const button of element("functions").querySelectorAll("th button")) {
    button.parentElement.setAttribute("aria-sort", button.dataset.order === order ? "descending" : "none");
  }
}

function showMatches() {
  const { tree } = shown;
  const found = findMatches(tree, state.search);
  shown.found = found;
  graph.highlight(found && found.nodes);
  element("matches").textContent = found
    ? `${found.nodes.size} ${found.nodes.size === 1 ? "frame" : "frames"} · ${value(found.total, tree.unit)} · ${share(found.total, tree.total)}`
    : "";
  showFunctions();
}

function showTree(tree) {
  shown.tree = tree;
  shown.functions = undefined;
  shown.plain = !tree.nodes.some((node) => node.kind === "go" || node.kind === "runtime");
  element("legend").hidden = shown.plain;
  graph.show(tree, null, shown.plain);
  element("reset").disabled = true;
  const left = tree.leftOut ? ` · ${tree.leftOut.toLocaleString("en")} smallest frames not drawn` : "";
  element("frame").textContent = `all · ${value(tree.total, tree.unit)}${left}`;
  showMatches();
}

function showNotice(text) {
  element("profile").hidden = true;
  element("notice").hidden = false;
  element("notice").textContent = text;
}

// ---- Bringing the page to the state ----

async function loadProfile(current) {
  const { upload, attachment } = shown;
  if (!attachment.pprof) {
    showNotice(`${attachment.name} is not a pprof profile; it is stored as it came and can be downloaded.`);
    return;
  }
  const key = `${upload.id}/${attachment.name}`;
  if (shown.typesOf !== key) {
    const types = await get(attachmentPath(upload, attachment, "/types"));
    if (current !== turn) return;
    Object.assign(shown, { types, typesOf: key, treeOf: "" });
  }
  if (shown.types.types.length === 0) {
    showNotice("The profile has no sample types.");
    return;
  }
  const chosen = pickType(shown.types);
  const memory = shown.types.c_samples > 0 ? state.memory : "";
  const treeKey = `${key}/${chosen.type}/${memory}`;
  if (shown.treeOf !== treeKey) {
    const tree = readTree(await get(attachmentPath(upload, attachment, `/tree?type=${encodeURIComponent(chosen.type)}&memory=${memory}`)));
    if (current !== turn) return;
    element("notice").hidden = true;
    element("profile").hidden = false;
    shown.treeOf = treeKey;
    showTypes(shown.types, chosen);
    showTree(tree);
  } else {
    element("notice").hidden = true;
    element("profile").hidden = false;
    showTypes(shown.types, chosen);
    showMatches();
    graph.draw();
  }
}

async function show() {
  const current = ++turn;
  if (element("search").value !== state.search) element("search").value = state.search;
  markCurrent();
  if (!state.upload) return;
  try {
    if (String(shown.upload?.id) !== state.upload) {
      const upload = await get(`api/uploads/${encodeURIComponent(state.upload)}`);
      if (current !== turn) return;
      shown = { upload };
    }
    showUpload(shown.upload);
    shown.attachment = pickAttachment(shown.upload);
    element("download").hidden = !shown.attachment;
    if (!shown.attachment) {
      showNotice("This upload has no attachments.");
      return;
    }
    element("download").href = attachmentPath(shown.upload, shown.attachment);
    for (const button of element("attachments").children) {
      button.setAttribute("aria-pressed", String(button.dataset.attachment === shown.attachment.name));
    }
    await loadProfile(current);
  } catch (error) {
    if (current !== turn) return;
    element("empty").hidden = true;
    element("upload").hidden = !shown.upload;
    if (shown.upload) {
      showNotice(error.message);
    } else {
      element("empty").hidden = false;
      element("empty-title").textContent = "This upload cannot be shown";
      element("empty-text").textContent = error.message;
    }
  }
}

element("search").addEventListener("input", (event) => {
  state.search = event.target.value;
  writeHash(true);
  if (shown.tree) showMatches();
});
element("filter").addEventListener("input", refreshList);
element("reset").addEventListener("click", () => graph.zoom(graph.tree.nodes[0]));
element("functions").querySelector("thead").addEventListener("click", (event) => {
  if (!event.target.dataset.order) return;
  order = event.target.dataset.order;
  showFunctions();
});
addEventListener("popstate", () => {
  readHash();
  show();
});
setInterval(() => document.hidden || refreshList(), refreshEvery);
document.addEventListener("visibilitychange", () => document.hidden || refreshList());

readHash();
await refreshList();
show();
