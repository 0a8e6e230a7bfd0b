// build.mjs: bundles the page into build/web/ (page.js, page.css and the files that are taken as they are), which receiver/assets.c embeds.
// With "test" it bundles the unit tests of test/ into build/web-test/ instead, for node's test runner.

import * as esbuild from "esbuild";
import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

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
  for (const file of ["index.html", "icon.svg"]) await copyFile(join(here, file), join(out, file));
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
    loader: { ".css": "empty" },
  });
}

await (process.argv[2] === "test" ? tests() : page());
