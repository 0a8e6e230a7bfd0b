// export_menu.ts: the button Export: what is shown as a file, made by the receiver; its graph as PNG, and the page itself with its data.
import { exportFormats, reportPath, type ExportFormat, type TreeRequest } from "../lib/api";
import { button } from "../lib/dom";
import { embedded } from "../lib/embedded";
import { openMenu, type Download, type Item } from "../lib/popup";
import { current } from "../lib/state";

export interface Exported {
  href: (format: ExportFormat) => string;
  but?: readonly ExportFormat[]; // that cannot have it
  request?: TreeRequest; // of a report, if the address does not say it
  picture: HTMLCanvasElement | null;
  drawing?: (() => Blob) | null; // SVG, in place of the receiver's flame graph
}

function save(blob: Blob, file: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function itemsOf({ href, but = [], request, picture, drawing }: Exported): (Item | Download)[] {
  const png = (canvas: HTMLCanvasElement): void => canvas.toBlob((blob) => save(blob!, "cmemprof.png"));
  const image: Item[] = [
    ...(picture ? [{ id: "png", text: "PNG", small: "the graph as it is seen", run: () => png(picture) }] : []),
    ...(drawing ? [{ id: "calls-svg", text: "SVG", small: "the call graph", run: () => save(drawing(), "cmemprof-calls.svg") }] : []),
  ];
  if (embedded) return image;
  const files = exportFormats
    .filter(([id]) => !but.includes(id) && !(drawing && id === "svg"))
    .map(([id, text, small]) => ({ id, text, small, file: "", href: href(id) }));
  return [...files, ...image, { id: "html", text: "HTML", small: "this page in one file", file: "", href: reportPath(current(), request) }];
}

// null: there is nothing to export.
export function exportButton(of: Exported): HTMLElement | null {
  const open = (): void => {
    const filtered = ["focus", "ignore", "hide", "without"].some((name) => current().all(name).length > 0);
    const { left, top } = made.getBoundingClientRect();
    openMenu(
      filtered ? `Export, but for ${of.drawing ? "SVG" : "PNG"} and HTML without this page's filters of frames` : "Export",
      itemsOf(of),
      left,
      top,
    );
  };
  const made = button("Export", open, { id: "export", "aria-haspopup": "menu" });
  return itemsOf(of).length > 0 ? made : null;
}
