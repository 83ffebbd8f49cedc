import { posix } from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { extract, type Header } from "tar-stream";
import type { BundlerLimits } from "./limits.ts";
import { BundleError, badUpload } from "./problem.ts";
import { UploadFiles } from "./upload_files.ts";

/**
 * Unpacks a gzip tarball in memory. The folder that most put around everything is taken off: `package/` of `npm pack`, the folder of
 * GitHub's, the one that was given to `tar`.
 */
export async function readTarball(content: Uint8Array, limits: BundlerLimits): Promise<UploadFiles> {
  const files = new Map<string, Uint8Array>();
  const links = new Map<string, string>();
  let entries = 0;
  const tar = extract();
  tar.end(gunzip(content, limits));
  try {
    for await (const entry of tar) {
      entries += 1;
      if (entries > limits.entries) throw badUpload(`The tarball has more than ${limits.entries} entries`);
      const path = checkedPath(entry.header.name, limits);
      const content = await buffer(entry);
      if (isNoise(path)) continue;
      switch (entry.header.type) {
        case "directory":
          break;
        case "file":
        case "contiguous-file":
          files.set(path, content);
          break;
        case "symlink":
          links.set(path, linkedPath(path, entry.header));
          break;
        case "link":
          files.set(path, linkedContent(files, entry.header));
          break;
        default:
          throw notTaken(entry.header);
      }
    }
  } catch (error) {
    if (error instanceof BundleError) throw error;
    throw badUpload(`The tarball is damaged: ${error instanceof Error ? error.message : error}`);
  }
  if (files.size === 0) throw badUpload("The tarball holds no files");
  return withoutOuterFolder(files, links);
}

/** What macOS and npm add and no program imports: attributes of files, and links to the programs of packages. */
function isNoise(path: string): boolean {
  return /(^|\/)(\._[^/]*|\.DS_Store|node_modules\/\.bin\/[^/]*)$|^__MACOSX\//.test(path);
}

/** Where a symbolic link leads. Throws when that is outside of the tarball. */
function linkedPath(path: string, header: Header): string {
  const target = posix.normalize(posix.join(posix.dirname(path), header.linkname ?? "")).replace(/\/$/, "");
  const leaves = header.linkname?.startsWith("/") || target === ".." || target.startsWith("../");
  if (leaves) throw notTaken(header);
  return target;
}

/** A hard link: the same file once more, which came before. */
function linkedContent(files: ReadonlyMap<string, Uint8Array>, header: Header): Uint8Array {
  const content = files.get(posix.normalize(header.linkname ?? ""));
  if (content === undefined) throw notTaken(header);
  return content;
}

function gunzip(content: Uint8Array, { unpackedBytes }: BundlerLimits): Uint8Array {
  try {
    return gunzipSync(content, { maxOutputLength: unpackedBytes });
  } catch (error) {
    if (error instanceof RangeError) throw badUpload(`The tarball unpacks to more than ${unpackedBytes} bytes`);
    throw badUpload(`The gzip stream is damaged: ${error instanceof Error ? error.message : error}`);
  }
}

function notTaken({ name, type }: Header): BundleError {
  const what = type === "symlink" || type === "link" ? `a ${type} to what it does not hold` : `a ${type}`;
  return badUpload(`The tarball holds ${JSON.stringify(name)}, ${what}: only files and folders are taken`);
}

/** The name without `./` and doubled or closing slashes. Throws for one that could point outside, or that nobody needs. */
function checkedPath(name: string, limits: BundlerLimits): string {
  const shown = JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
  if (name.length > limits.pathLength)
    throw badUpload(`The path ${shown} is longer than ${limits.pathLength} characters`);
  if (name.startsWith("/") || /^[A-Za-z]:/.test(name)) throw badUpload(`The path ${shown} is absolute`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f\\]/.test(name)) throw badUpload(`The path ${shown} has a control character or a backslash`);
  const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) throw badUpload(`The path ${shown} leaves the tarball`);
  if (segments.length > limits.pathDepth)
    throw badUpload(`The path ${shown} has more than ${limits.pathDepth} segments`);
  return segments.join("/");
}

function withoutOuterFolder(files: ReadonlyMap<string, Uint8Array>, links: ReadonlyMap<string, string>): UploadFiles {
  const paths = [...files.keys(), ...links.keys(), ...[...links.values()].map((target) => `${target}/`)];
  const [first = ""] = paths;
  const outer = first.slice(0, first.indexOf("/") + 1);
  if (outer === "" || outer === "node_modules/" || !paths.every((path) => path.startsWith(outer))) {
    return new UploadFiles(files, links);
  }
  const inside = (path: string) => path.slice(outer.length);
  return new UploadFiles(
    new Map([...files].map(([path, content]) => [inside(path), content])),
    new Map([...links].map(([path, target]) => [inside(path), inside(target) || "."])),
  );
}
