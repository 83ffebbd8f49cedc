import { posix } from "node:path";
import type { BundlerLimits } from "../bundler_limits.ts";
import { type BundleError, badUpload } from "../problem.ts";
import { UploadFiles } from "./upload_files.ts";

/** An entry, independent of the archive format. */
export type ArchiveEntry = { readonly name: string } & (
  | { readonly type: "file"; readonly content: Uint8Array }
  | { readonly type: "directory" }
  | { readonly type: "symlink" | "link"; readonly target: string }
  /** `what` describes it: `a fifo`. */
  | { readonly type: "other"; readonly what: string }
);

/** Collects the entries of an archive. */
export interface Unpacking {
  /** Throws a BundleError for an invalid entry, and for one too many. */
  add(entry: ArchiveEntry): void;
  /** Returns the files, without the folders that contain everything. Throws a BundleError if there are none. */
  finish(): UploadFiles;
}

/** Names that systems and tools add and programs do not import: `._x`, `.git/`, links to the programs of packages. */
const NOISE =
  /(^|\/)(\._[^/]*|\.DS_Store|Icon\r|Thumbs\.db|desktop\.ini|pax_global_header|node_modules\/\.bin\/[^/]*)$|(^|\/)(__MACOSX|\.git|PaxHeaders?(\.\d+)?)\//;

/** `kind` names the archive in messages: `tarball`. */
export function createUnpacking(kind: string, limits: BundlerLimits): Unpacking {
  const files = new Map<string, Uint8Array>();
  const links = new Map<string, string>();
  const leaving = new Map<string, string>();
  /** Contents of omitted files, which a hard link may give another name. */
  const noise = new Map<string, Uint8Array>();
  let entries = 0;

  function refused({ name }: ArchiveEntry, what: string): BundleError {
    return badUpload(`The ${kind} holds ${JSON.stringify(name)}, ${what}: only files and folders are accepted`);
  }

  /** Rejects a link that leaves the archive, except in `node_modules`: people and package managers link to packages beside the upload. */
  function addLink(entry: ArchiveEntry & { readonly type: "symlink" }, path: string): void {
    const target = posix.normalize(posix.join(posix.dirname(path), entry.target)).replace(/\/$/, "");
    if (!entry.target.startsWith("/") && target !== ".." && !target.startsWith("../")) {
      links.set(path, target);
      return;
    }
    if (!/(^|\/)node_modules(\/|$)/.test(path)) throw refused(entry, "a symlink to a path that it does not hold");
    leaving.set(path, entry.target);
  }

  /** A hard link names an earlier entry, by its path in the archive. */
  function addHardLink(entry: ArchiveEntry & { readonly type: "link" }, path: string): void {
    const target = posix.normalize(entry.target);
    const content = files.get(target) ?? noise.get(target);
    const link = links.get(target);
    if (content !== undefined) files.set(path, content);
    else if (link !== undefined) links.set(path, link);
    else throw refused(entry, "a link to an entry that it does not hold");
  }

  return {
    add(entry) {
      entries += 1;
      if (entries > limits.entries) throw badUpload(`The ${kind} has more than ${limits.entries} entries`);
      if (NOISE.test(entry.name)) {
        if (entry.type === "file") noise.set(posix.normalize(entry.name), entry.content);
        return;
      }
      const path = checkedPath(entry.name, { kind, limits });
      switch (entry.type) {
        case "directory":
          return;
        case "file":
          files.set(path, entry.content);
          return;
        case "symlink":
          return addLink({ ...entry, type: "symlink" }, path);
        case "link":
          return addHardLink({ ...entry, type: "link" }, path);
        case "other":
          throw refused(entry, entry.what);
        default:
          entry satisfies never;
      }
    },
    finish() {
      if (files.size === 0) throw badUpload(`The ${kind} holds no files`);
      return withoutOuterFolders({ files, links, leaving });
    },
  };
}

/** The name without `./` and repeated or trailing slashes. Throws for one that could point outside, or that is too long. */
function checkedPath(name: string, { kind, limits }: { kind: string; limits: BundlerLimits }): string {
  const shown = JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
  if (name.length > limits.pathLength)
    throw badUpload(`The path ${shown} is longer than ${limits.pathLength} characters`);
  if (name.startsWith("/") || /^[A-Za-z]:/.test(name)) throw badUpload(`The path ${shown} is absolute`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f\\]/.test(name)) throw badUpload(`The path ${shown} has a control character or a backslash`);
  const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) throw badUpload(`The path ${shown} leaves the ${kind}`);
  if (segments.length > limits.pathDepth)
    throw badUpload(`The path ${shown} has more than ${limits.pathDepth} segments`);
  return segments.join("/");
}

interface Tree {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly links: ReadonlyMap<string, string>;
  /** Links that leave the archive, with their original targets. */
  readonly leaving: ReadonlyMap<string, string>;
}

/** Folders whose names have a meaning for programs. */
const MEANINGFUL_FOLDERS = new Set(["node_modules/", "src/"]);

/** Strips outer folders: `package/` of `npm pack`, `repo-0123456/` of GitHub, the folder passed to `tar`, and one more within it. */
function withoutOuterFolders(tree: Tree): UploadFiles {
  const { files, links, leaving } = tree;
  const paths = [...files.keys(), ...links.keys(), ...leaving.keys()];
  const all = [...paths, ...[...links.values()].map((target) => `${target}/`)];
  const [first = ""] = paths;
  const outer = first.slice(0, first.indexOf("/") + 1);
  const isOuter = outer !== "" && !MEANINGFUL_FOLDERS.has(outer) && all.every((path) => path.startsWith(outer));
  if (!isOuter) return new UploadFiles(files, { links, leaving });
  const inside = (path: string) => path.slice(outer.length);
  return withoutOuterFolders({
    files: new Map([...files].map(([path, content]) => [inside(path), content])),
    links: new Map([...links].map(([path, target]) => [inside(path), inside(target) || "."])),
    leaving: new Map([...leaving].map(([path, target]) => [inside(path), target])),
  });
}
