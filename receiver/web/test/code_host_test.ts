import assert from "node:assert/strict";
import { test } from "node:test";
import { codeLink, repositoryOf, type Place } from "../src/lib/code_host";
import { editorLink } from "../src/lib/editor";

const sha = "0123456789abcdef0123456789abcdef01234567";
const tagged = (url: string): string[] => [`service:shop`, `git.repository_url:${url}`, `git.commit.sha:${sha}`];
const place = (file: string, more: Partial<Place> = {}): Place => ({ name: "f", file, line: 12, ...more });
const href = (file: string, url = "https://github.com/org/shop", more: Partial<Place> = {}): string =>
  codeLink(place(file, more), tagged(url))?.href ?? "";

test("repositories in all ways of writing them, without users and passwords", () => {
  const shop = { host: "github.com", path: "org/shop" };
  for (const url of [
    "https://github.com/org/shop.git",
    "https://user:secret@github.com/org/shop",
    "github.com/org/shop/",
    "git@github.com:org/shop.git",
    "ssh://git@github.com:22/org/shop.git",
    "http://github.com/org/shop?x=1#y",
  ])
    assert.deepEqual(repositoryOf(url), shop, url);
  assert.deepEqual(repositoryOf("https://gitlab.example:8443/a/b/shop"), { host: "gitlab.example:8443", path: "a/b/shop" });
  for (const url of ["", "shop", "javascript:alert(1)//x/y", "https://github.com/", "https://a b/c/d", "/srv/git/shop", 'https://x"y/a/b'])
    assert.equal(repositoryOf(url), null, url);
});

test("each host has its own form", () => {
  const file = "/build/shop/cmd/main.go";
  assert.equal(href(file), `https://github.com/org/shop/blob/${sha}/cmd/main.go#L12`);
  assert.equal(href(file, "git@gitlab.com:org/shop.git"), `https://gitlab.com/org/shop/-/blob/${sha}/cmd/main.go#L12`);
  assert.equal(href(file, "https://bitbucket.org/org/shop"), `https://bitbucket.org/org/shop/src/${sha}/cmd/main.go#lines-12`);
  assert.equal(href(file, "https://codeberg.org/org/shop"), `https://codeberg.org/org/shop/src/commit/${sha}/cmd/main.go#L12`);
});

test("the path in the repository is by the package, else by the repository's name", () => {
  const of = (path: string): string => `https://github.com/org/shop/blob/${sha}/${path}#L12`;
  assert.equal(href("/x/y/store.go", undefined, { library: "github.com/org/shop/db" }), of("db/store.go"));
  assert.equal(href("/x/y/store.go", undefined, { library: "github.com/org/shop" }), of("store.go"));
  assert.equal(href("github.com/org/shop/db/a b.go"), of("db/a%20b.go"));
  assert.equal(href("/w/shop/shop/main.c"), of("main.c"));
  assert.equal(href("/elsewhere/main.c"), "");
  assert.equal(href("/w/shop/node_modules/left/index.js"), "");
  assert.equal(href("/w/shop/../../etc/passwd"), "");
  assert.equal(codeLink(place("/w/shop/main.c", { line: 0 }), tagged("https://github.com/org/shop")), null);
  assert.equal(codeLink(place("/w/shop/main.c"), ["git.repository_url:https://github.com/org/shop"]), null);
  assert.equal(codeLink(place("/w/shop/main.c"), ["git.repository_url:https://github.com/org/shop", "git.commit.sha:HEAD"]), null);
});

test("modules of others are at their own version, Go's code at Go's", () => {
  const at = (file: string, tags: string[] = []): string | undefined => codeLink(place(file), tags)?.href;
  assert.equal(
    at("/go/pkg/mod/github.com/mattn/go-sqlite3@v1.14.22/sqlite3.go"),
    "https://github.com/mattn/go-sqlite3/blob/v1.14.22/sqlite3.go#L12",
  );
  assert.equal(at("github.com/!burnt!sushi/toml@v1.2.0/parse.go"), "https://github.com/BurntSushi/toml/blob/v1.2.0/parse.go#L12");
  assert.equal(at("github.com/a/b/sub@v0.0.0-20260906184651-6331bc6350fe/x.go"), "https://github.com/a/b/blob/6331bc6350fe/sub/x.go#L12");
  assert.equal(at("github.com/a/b/sub@v1.2.3/x.go"), "https://github.com/a/b/blob/sub/v1.2.3/sub/x.go#L12");
  assert.equal(at("github.com/a/b/v2@v2.0.1/x.go"), "https://github.com/a/b/blob/v2.0.1/x.go#L12");
  assert.equal(
    at("/usr/local/go/src/runtime/proc.go", ["runtime_version:go1.26.8"]),
    "https://github.com/golang/go/blob/go1.26.8/src/runtime/proc.go#L12",
  );
  assert.equal(at("/usr/local/go/src/runtime/proc.go"), undefined);
});

test("an editor's link has the file where it is here", () => {
  const choice = { editor: "vscode", from: "/build/shop/", to: "/home/me/my shop" };
  assert.equal(editorLink(choice, "/build/shop/cmd/main.go", 12), "vscode://file/home/me/my%20shop/cmd/main.go:12");
  assert.equal(editorLink(choice, "/build/shopping/main.go", 12), "");
  assert.equal(editorLink({ ...choice, from: "" }, "/src/a.c", 3), "vscode://file/src/a.c:3");
  assert.equal(editorLink({ ...choice, from: "" }, "fmt/print.go", 3), "");
  assert.equal(editorLink({ ...choice, editor: "" }, "/build/shop/cmd/main.go", 12), "");
  assert.equal(editorLink({ editor: "idea", from: "", to: "" }, "/a/b&c.c", 3), "idea://open?file=/a/b%26c.c&line=3");
});
