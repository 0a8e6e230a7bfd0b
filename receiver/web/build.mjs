// build.mjs: bundles the page into build/web/ (page.js, page.css, index.html and the icon, each compressed as well, and report.html), which
// receiver/http/assets.c embeds.
// With "test" it bundles the unit tests of test/ into build/web-test/ instead, for node's test runner.

import * as esbuild from "esbuild";
import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, "..", "..", "build");
const target = ["es2022", "chrome109", "firefox115", "safari16.4"];
const common = { bundle: true, format: "esm", charset: "utf8", logLevel: "warning", legalComments: "none" };

async function page() {
  const out = join(build, "web");
  await mkdir(out, { recursive: true });
  const { metafile } = await esbuild.build({
    ...common,
    metafile: true,
    entryPoints: { page: join(here, "src", "main.ts") },
    outdir: out,
    target,
    minify: true,
  });
  const used = packages(Object.keys(metafile.inputs));
  await report(out, await Promise.all(used.map(license)));
  await writeFile(join(out, "packages"), (await Promise.all(used.map(version))).join(""));
  await copyFile(join(here, "icon.svg"), join(out, "icon.svg"));
  let html = await readFile(join(here, "index.html"), "utf8");
  for (const file of ["page.js", "page.css", "icon.svg"]) html = html.replace(`/${file}"`, `/${file}?v=${await pack(join(out, file))}"`);
  await writeFile(join(out, "index.html"), html);
  await pack(join(out, "index.html"));
}

// The frame of a report, a page in one file: report_page.c puts the page's styles, its script and the data in the place of the marks. Nothing
// but these runs in it, and it asks nothing of a network.
async function report(out, licenses) {
  const text = async (file) => await readFile(join(out, file), "utf8");
  const { outputFiles } = await esbuild.build({
    ...common,
    entryPoints: [join(here, "src", "report", "report.ts")],
    format: "iife",
    target,
    minify: true,
    write: false,
  });
  const [script, style, first] = [await text("page.js"), await text("page.css"), outputFiles[0].text];
  for (const part of [script, first]) if (/<\/script|<!--/i.test(part)) throw new Error("a script that would end its element");
  if (/<\/style/i.test(style)) throw new Error("styles that would end their element");
  const hash = (part) => `'sha256-${createHash("sha256").update(part).digest("base64")}'`;
  const icon = (await readFile(join(here, "icon.svg"))).toString("base64");
  let html = await readFile(join(here, "report.html"), "utf8");
  for (const [mark, part] of [
    ["POLICY", `default-src 'none'; script-src ${hash(first)} ${hash(script)}; style-src ${hash(style)}; img-src data:`],
    ["LICENSES", licenses.join("\n").replaceAll("--", "- -")], // a comment
    ["ICON", `data:image/svg+xml;base64,${icon}`],
    ["<!--first-->", first],
  ])
    html = html.replace(mark, () => part);
  await writeFile(join(out, "report.html"), html);
}

// The packages of others that are in the bundle.
function packages(inputs) {
  const names = inputs.map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]);
  return [...new Set(names.filter((name) => name))].sort();
}

// "uplot 1.6.32", a line.
async function version(name) {
  const { version } = JSON.parse(await readFile(join(here, "node_modules", name, "package.json"), "utf8"));
  return `${name} ${version}\n`;
}

// The same with the license, which goes with each copy.
async function license(name) {
  return `${await version(name)}\n${await readFile(join(here, "node_modules", name, "LICENSE"), "utf8")}`;
}

// Beside the file: the same compressed, and its hash, by which a browser that has it need not ask for it again.
async function pack(file) {
  const bytes = await readFile(file);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  await writeFile(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  await writeFile(`${file}.hash`, hash);
  return hash;
}

async function tests() {
  const out = join(build, "web-test");
  await rm(out, { recursive: true, force: true }); // a test that was removed must not run again
  const files = (await readdir(join(here, "test"))).filter((file) => file.endsWith("_test.ts"));
  await esbuild.build({
    ...common,
    entryPoints: files.map((file) => join(here, "test", file)),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    platform: "node",
    target: "node18",
    sourcemap: "inline",
    loader: { ".css": "text" },
    logOverride: { "ignored-bare-import": "silent" },
  });
}

await (process.argv[2] === "test" ? tests() : page());
