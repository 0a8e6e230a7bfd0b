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
  await esbuild.build({
    ...common,
    entryPoints: { page: join(here, "src", "main.ts") },
    outdir: out,
    target: ["es2022", "chrome109", "firefox115", "safari16.4"],
    minify: true,
  });
  await copyFile(join(here, "icon.svg"), join(out, "icon.svg"));
  let html = await readFile(join(here, "index.html"), "utf8");
  for (const file of ["page.js", "page.css", "icon.svg"]) html = html.replace(`/${file}"`, `/${file}?v=${await pack(join(out, file))}"`);
  await writeFile(join(out, "index.html"), html);
  await pack(join(out, "index.html"));
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
