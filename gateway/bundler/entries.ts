import { posix } from "node:path";
import { chooseTarget, exportedSubpaths, manifestIn } from "./manifest.ts";
import { type BundleProblem, badUpload } from "./problem.ts";
import { findFile } from "./resolve.ts";
import type { Upload } from "./upload.ts";
import type { UploadFiles } from "./upload_files.ts";

/** A file whose exports are entry points. */
export interface Entry {
  /** `""` for the package itself, `reports` for what it exports as `./reports`. */
  readonly subpath: string;
  /** Path in the upload. */
  readonly path: string;
}

const DEFAULT_ENTRIES = ["index.ts", "index.js", "mod.ts", "mod.js", "main.ts", "main.js"];

/** Where an upload is entered: the package itself first, then its subpaths by name. At least one. */
export function listEntries(upload: Upload): Entry[] {
  if (upload.type === "file") return [{ subpath: "", path: upload.path }];
  const { files } = upload;
  const { exports, module, main } = manifestIn(files, "") ?? {};
  if (exports !== undefined && exports !== null) return exportedEntries(files, exports);
  const named = module ?? main;
  if (named !== undefined) return [{ subpath: "", path: targetFile(files, named) }];
  const path = DEFAULT_ENTRIES.find((candidate) => files.has(candidate));
  if (path !== undefined) return [{ subpath: "", path }];
  throw badUpload(
    `The tarball has no entry: name it in package.json ("exports", "module" or "main") or as ${DEFAULT_ENTRIES.join(", ")}`,
  );
}

function exportedEntries(files: UploadFiles, exports: unknown): Entry[] {
  const entries = exportedSubpaths(exports).flatMap(([key, target]) => {
    const chosen = chooseTarget(target, false);
    // `null` hides a subpath, and data (`"./package.json": "./package.json"`) has no jobs.
    if (chosen === undefined || chosen.endsWith(".json")) return [];
    if (key.includes("*")) throw badUpload(`Cannot list what "${key}" exports: name each subpath`, placeOf(files, key));
    if (key !== "." && !key.startsWith("./"))
      throw badUpload(`The subpath "${key}" must begin with "./"`, placeOf(files, key));
    return [{ subpath: key.slice("./".length), path: targetFile(files, chosen) }];
  });
  if (entries.length === 0) throw badUpload(`"exports" names no module`, placeOf(files, "exports"));
  return entries.sort((a, b) => (a.subpath < b.subpath ? -1 : 1));
}

function targetFile(files: UploadFiles, target: string): string {
  const path = posix.normalize(target);
  const leaves = path.startsWith("/") || path === ".." || path.startsWith("../");
  const file = leaves ? undefined : findFile(files, path);
  if (file !== undefined) return file;
  throw badUpload(`The upload has no file "${target}"`, placeOf(files, target));
}

/** The first line of the package.json that says the word in quotes. */
function placeOf(files: UploadFiles, word: string): Omit<BundleProblem, "text"> {
  const lines = new TextDecoder().decode(files.get("package.json")).split("\n");
  const index = lines.findIndex((line) => line.includes(JSON.stringify(word)));
  return { file: "package.json", line: index === -1 ? 1 : index + 1 };
}
