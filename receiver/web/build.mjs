// build.mjs: bundles the page into build/web/ (page.js, page.css, index.html and the icon, each compressed as well), which receiver/assets.c embeds.
// With "test" it bundles the unit tests of test/ into build/web-test/ instead, for node's test runner.

import * as esbuild from "esbuild";
import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, "..", "..", "build");
const common = { bundle: true, format: "esm", charset: "utf8", logLevel: "warning", legalComments: "none" };

async function page() {
  const out = join(build, "web");
  await mkdir(out, { recursive: true });
  const { metafile } = await esbuild.build({
    ...common,
    metafile: true,
    entryPoints: { page: join(here, "src", "main.ts") },
    outdir: out,
    target: ["es2022", "chrome109", "firefox115", "safari16.4"],
    minify: true,
  });
  await writeFile(join(out, "packages"), await packages(Object.keys(metafile.inputs)));
  await copyFile(join(here, "icon.svg"), join(out, "icon.svg"));
  let html = await readFile(join(here, "index.html"), "utf8");
  for (const file of ["page.js", "page.css", "icon.svg"]) html = html.replace(`/${file}"`, `/${file}?v=${await pack(join(out, file))}"`);
  await writeFile(join(out, "index.html"), html);
  await pack(join(out, "index.html"));
}

// The packages of others that are in the bundle, a line each: "uplot 1.6.32".
async function packages(inputs) {
  const names = new Set(inputs.map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]).filter((name) => name));
  const lines = [...names].sort().map(async (name) => {
    const { version } = JSON.parse(await readFile(join(here, "node_modules", name, "package.json"), "utf8"));
    return `${name} ${version}\n`;
  });
  return (await Promise.all(lines)).join("");
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
