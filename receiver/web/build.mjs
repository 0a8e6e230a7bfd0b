// build.mjs: bundles the page into build/web/ (scripts, page.css, index.html and the icon, each compressed as well, and report.html with its
// script), which receiver/http/assets.c embeds.
// With "test" it bundles the unit tests of test/ into build/web-test/ instead, for node's test runner.

import * as esbuild from "esbuild";
import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, "..", "..", "build");
const target = ["es2022", "chrome109", "firefox115", "safari16.4"];
const common = { bundle: true, format: "esm", charset: "utf8", logLevel: "warning", legalComments: "none" };

async function page() {
  const out = join(build, "web");
  await mkdir(out, { recursive: true });
  const main = { ...common, entryPoints: { page: join(here, "src", "main.ts") }, outdir: out, target, minify: true };
  const { metafile } = await esbuild.build({ ...main, metafile: true });
  const others = Object.keys(metafile.inputs).filter((path) => path.includes("node_modules/"));
  if (others.length > 0) throw new Error(`code of others in the page, which would need its license: ${others}`);
  await rename(join(out, "page.js"), join(out, "report.js"));
  await report(out);
  await copyFile(join(here, "icon.svg"), join(out, "icon.svg"));
  let html = await readFile(join(here, "index.html"), "utf8");
  const versions = {
    ...(await scripts(out, main)),
    "page.css": await pack(join(out, "page.css")),
    "icon.svg": await pack(join(out, "icon.svg")),
  };
  for (const [file, version] of Object.entries(versions)) html = html.replace(`/${file}"`, `/${file}?v=${version}"`);
  await writeFile(join(out, "index.html"), html);
  await pack(join(out, "index.html"));
}

// page.js, what it starts with; later.js, the views of src/later.ts; chunk.js, what both need. A report has all in one script. Returns their
// versions, by which they also ask for each other.
async function scripts(out, main) {
  const { outputFiles } = await esbuild.build({
    ...main,
    splitting: true,
    chunkNames: "[name]",
    loader: { ".css": "empty" },
    write: false,
  });
  const made = Object.fromEntries(outputFiles.map(({ path, text }) => [basename(path), text]));
  const names = ["chunk.js", "later.js", "page.js"]; // each before those that ask for it
  if (Object.keys(made).sort().join() !== names.join()) throw new Error(`scripts that nobody serves: ${Object.keys(made)}`);
  const versions = {};
  for (const name of names) {
    let text = made[name];
    for (const [other, version] of Object.entries(versions)) text = text.replaceAll(`"./${other}"`, `"./${other}?v=${version}"`);
    await writeFile(join(out, name), text);
    versions[name] = await pack(join(out, name));
  }
  return versions;
}

// The frame of a report, a page in one file: report_page.c puts the page's styles, its script and the data in the place of the marks. Nothing
// but these runs in it, and it asks nothing of a network.
async function report(out) {
  const text = async (file) => await readFile(join(out, file), "utf8");
  const { outputFiles } = await esbuild.build({
    ...common,
    entryPoints: [join(here, "src", "report", "report.ts")],
    format: "iife",
    target,
    minify: true,
    write: false,
  });
  const [script, style, first] = [await text("report.js"), await text("page.css"), outputFiles[0].text];
  for (const part of [script, first]) if (/<\/script|<!--/i.test(part)) throw new Error("a script that would end its element");
  if (/<\/style/i.test(style)) throw new Error("styles that would end their element");
  const hash = (part) => `'sha256-${createHash("sha256").update(part).digest("base64")}'`;
  const icon = (await readFile(join(here, "icon.svg"))).toString("base64");
  let html = await readFile(join(here, "report.html"), "utf8");
  for (const [mark, part] of [
    ["POLICY", `default-src 'none'; script-src ${hash(first)} ${hash(script)}; style-src ${hash(style)}; img-src data:`],
    ["ICON", `data:image/svg+xml;base64,${icon}`],
    ["<!--first-->", first],
  ])
    html = html.replace(mark, () => part);
  await writeFile(join(out, "report.html"), html);
}

// Beside the file: the same compressed, and its hash, by which a browser that has it need not ask for it again.
async function pack(file) {
  const bytes = await readFile(file);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  await writeFile(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  await writeFile(`${file}.br`, brotliCompressSync(bytes));
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
