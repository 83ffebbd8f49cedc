import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { extract, type Header } from "tar-stream";
import type { BundlerLimits } from "./limits.ts";
import { BundleError, badUpload } from "./problem.ts";

/**
 * Unpacks a gzip tarball in memory. The folder that `npm pack` puts around everything (`package/`) is taken off, also
 * under another name when it holds the package.json.
 */
export async function readTarball(content: Uint8Array, limits: BundlerLimits): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  let entries = 0;
  const tar = extract();
  tar.end(gunzip(content, limits));
  try {
    for await (const entry of tar) {
      entries += 1;
      if (entries > limits.entries) throw badUpload(`The tarball has more than ${limits.entries} entries`);
      const path = checkedPath(entry.header.name, limits);
      checkType(entry.header);
      const content = await buffer(entry);
      if (entry.header.type !== "directory") files.set(path, content);
    }
  } catch (error) {
    if (error instanceof BundleError) throw error;
    throw badUpload(`The tarball is damaged: ${error instanceof Error ? error.message : error}`);
  }
  if (files.size === 0) throw badUpload("The tarball holds no files");
  return withoutOuterFolder(files);
}

function gunzip(content: Uint8Array, { unpackedBytes }: BundlerLimits): Uint8Array {
  try {
    return gunzipSync(content, { maxOutputLength: unpackedBytes });
  } catch (error) {
    if (error instanceof RangeError) throw badUpload(`The tarball unpacks to more than ${unpackedBytes} bytes`);
    throw badUpload(`The gzip stream is damaged: ${error instanceof Error ? error.message : error}`);
  }
}

function checkType({ name, type }: Header): void {
  if (type === "file" || type === "contiguous-file" || type === "directory") return;
  throw badUpload(`The tarball holds ${JSON.stringify(name)}, a ${type}: only files and folders are taken`);
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

function withoutOuterFolder(files: Map<string, Uint8Array>): Map<string, Uint8Array> {
  const [first = ""] = files.keys();
  const outer = first.slice(0, first.indexOf("/") + 1);
  if (outer === "" || ![...files.keys()].every((path) => path.startsWith(outer))) return files;
  if (outer !== "package/" && !files.has(`${outer}package.json`)) return files;
  return new Map([...files].map(([path, content]) => [path.slice(outer.length), content]));
}
