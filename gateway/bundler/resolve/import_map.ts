import { posix } from "node:path";
import type { UploadFiles } from "../upload/upload_files.ts";
import type { ImportSite } from "./import_site.ts";
import { parseJsonc } from "./jsonc.ts";
import { isRecord } from "./package_json.ts";

/** Deno's configuration files, which may have `imports`, or name a file that has them. */
const NAMES = ["deno.json", "deno.jsonc", "import_map.json"];

interface ImportMap {
  readonly imports: ReadonlyMap<string, string>;
  /** Base of its relative paths. */
  readonly folder: string;
}

const mapsByUpload = new WeakMap<UploadFiles, readonly ImportMap[]>();

/** Maps a specifier by the import map of the upload. A path in the result is relative to the importer. Undefined if there is no entry. */
export function importMapped(files: UploadFiles, { specifier, importer }: ImportSite): string | undefined {
  if (/(^|\/)node_modules\//.test(importer)) return undefined;
  for (const { imports, folder } of importMaps(files)) {
    const key = keyFor(imports, specifier);
    const target = key === undefined ? undefined : imports.get(key);
    if (key === undefined || target === undefined) continue;
    const mapped = target + specifier.slice(key.length);
    if (!/^\.\.?\//.test(mapped)) return mapped;
    const path = posix.relative(posix.dirname(importer), posix.join(folder, mapped));
    return path.startsWith("../") ? path : `./${path}`;
  }
  return undefined;
}

/** The whole specifier, or the longest prefix of it that ends with a slash. */
function keyFor(imports: ReadonlyMap<string, string>, specifier: string): string | undefined {
  if (imports.has(specifier)) return specifier;
  const prefixes = [...imports.keys()].filter((key) => key.endsWith("/") && specifier.startsWith(key));
  return prefixes.sort((a, b) => b.length - a.length)[0];
}

/** The import maps in the root of the upload. Parsed once. */
function importMaps(files: UploadFiles): readonly ImportMap[] {
  const known = mapsByUpload.get(files);
  if (known !== undefined) return known;
  const maps = NAMES.flatMap((name) => readMap(files, name, { mayName: true }));
  mapsByUpload.set(files, maps);
  return maps;
}

function readMap(files: UploadFiles, name: string, { mayName }: { readonly mayName: boolean }): ImportMap[] {
  const content = files.get(name);
  const json = content === undefined ? undefined : parseJsonc(new TextDecoder().decode(content));
  if (!isRecord(json)) return [];
  const further = mayName && typeof json.importMap === "string" ? posix.normalize(json.importMap) : undefined;
  const named = further === undefined ? [] : readMap(files, further, { mayName: false });
  const entries = isRecord(json.imports) ? Object.entries(json.imports) : [];
  const imports = entries.flatMap(([key, target]) => (typeof target === "string" ? [[key, target] as const] : []));
  return [{ imports: new Map(imports), folder: posix.dirname(name) }, ...named];
}
