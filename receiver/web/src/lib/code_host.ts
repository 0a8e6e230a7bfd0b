// code_host.ts: where a line of source can be read on the web: at the repository and commit that an upload's tags name (git.repository_url,
// git.commit.sha), at a module's own version, or at Go's. Pure.
//
// Addresses are made of a host and a path, as https: alone; what a repository's address has of users and passwords is left out.

export interface Place {
  name: string; // of the function
  file: string;
  library?: string; // its package
  line: number;
}

export interface CodeLink {
  href: string;
  host: string;
  at: string; // the commit or version
}

const plainHost = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?$/i;
const encoded = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

// "https://github.com/org/shop.git", "git@github.com:org/shop.git", "ssh://git@host:22/org/shop": "github.com", "org/shop". null: none.
export function repositoryOf(url: string): { host: string; path: string } | null {
  const ssh = /^(?:ssh:\/\/)?[^@/\s]+@([^:/\s]+)(?::\d+)?[:/](.+)$/.exec(url);
  const web = /^(?:https?:\/\/)?(?:[^@/\s]*@)?([^/\s]+)\/(.+)$/.exec(url);
  const [, host = "", rest = ""] = (/^https?:/.test(url) ? web : (ssh ?? web)) ?? [];
  const path = rest
    .replace(/[?#].*$/, "")
    .replace(/\/+$/, "")
    .replace(/\.git$/, "");
  return plainHost.test(host) && /^[\w.~+-]+(\/[\w.~+-]+)+$/.test(path) ? { host, path } : null;
}

function lineAddress(host: string, path: string, at: string, file: string, line: number): string {
  const base = `https://${host}/${encoded(path)}`;
  const [version, name] = [encoded(at), encoded(file)];
  if (/bitbucket/.test(host)) return `${base}/src/${version}/${name}#lines-${line}`;
  if (/gitlab/.test(host)) return `${base}/-/blob/${version}/${name}#L${line}`;
  if (/codeberg|gitea|forgejo/.test(host)) return `${base}/src/commit/${version}/${name}#L${line}`;
  return `${base}/blob/${version}/${name}#L${line}`;
}

// ".../github.com/x/y/sub@v1.2.3/z.go", as Go's module cache and -trimpath have it.
function ofModule({ file, line }: Place): CodeLink | null {
  const [, host = "", path = "", version = "", rest = ""] =
    /(?:^|\/)((?:github|gitlab|bitbucket|codeberg)\.(?:com|org))\/([^@]+)@(v[^/]+)\/(.+)$/.exec(file) ?? [];
  if (!host) return null;
  const parts = path.replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase()).split("/");
  const folder = parts
    .slice(2)
    .join("/")
    .replace(/(^|\/)v\d+$/, ""); // of a module below the repository; /v2 is none
  const commit = /-[0-9]{14}-([0-9a-f]{12})/.exec(version)?.[1];
  const tag = version.replace(/\+incompatible$/, "");
  const at = commit ?? (folder ? `${folder}/${tag}` : tag);
  return { href: lineAddress(host, parts.slice(0, 2).join("/"), at, folder ? `${folder}/${rest}` : rest, line), host, at: commit ?? tag };
}

// Go's own: below src/ of where Go is, or without a folder that has a dot.
function ofGo({ file, line, library }: Place, tag: (key: string) => string): CodeLink | null {
  const version = /^(?:go)?(\d+\.\d+(?:\.\d+)?)$/.exec(tag("runtime_version"))?.[1];
  const path = /(?:^|\/)go[\d.]*\/src\/((?:[a-z0-9]+\/)*[\w]+\.(?:go|s))$/.exec(file)?.[1];
  if (!version || !path || library?.includes(".")) return null;
  return { href: lineAddress("github.com", "golang/go", `go${version}`, `src/${path}`, line), host: "github.com", at: `go${version}` };
}

// The file's path in the repository; "": not known. By the package of a Go function, else by the repository's name among the folders.
function pathIn(repository: { host: string; path: string }, { file, library = "" }: Place): string {
  const whole = `${repository.host}/${repository.path}`;
  const base = file.slice(file.lastIndexOf("/") + 1);
  if (library === whole) return base;
  if (library.startsWith(`${whole}/`)) return `${library.slice(whole.length + 1)}/${base}`;
  if (file.startsWith(`${whole}/`)) return file.slice(whole.length + 1);
  if (/(^|\/)(node_modules|site-packages|dist-packages|vendor)\//.test(file) || file.includes("@")) return "";
  const folder = `/${repository.path.slice(repository.path.lastIndexOf("/") + 1)}/`;
  const at = `/${file}`.lastIndexOf(folder);
  return at >= 0 ? file.slice(at + folder.length - 1) : "";
}

// tags: "KEY:VALUE" of the upload.
export function codeLink(place: Place, tags: readonly string[]): CodeLink | null {
  const tag = (key: string): string => tags.find((one) => one.startsWith(`${key}:`))?.slice(key.length + 1) ?? "";
  if (!place.file || place.line < 1) return null;
  const known = ofModule(place) ?? ofGo(place, tag);
  if (known) return known;
  const repository = repositoryOf(tag("git.repository_url"));
  const commit = tag("git.commit.sha");
  if (!repository || !/^[0-9a-f]{7,64}$/i.test(commit)) return null;
  const path = pathIn(repository, place);
  if (!path || path.split("/").includes("..")) return null;
  return { href: lineAddress(repository.host, repository.path, commit, path, place.line), host: repository.host, at: commit.slice(0, 12) };
}
