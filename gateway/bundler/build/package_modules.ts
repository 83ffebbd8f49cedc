import type { Exported } from "../exports/exported.ts";
import type { Entry } from "./entries.ts";
import type { BuildEntry } from "./upload_plugin.ts";

type ExportedEntry = Entry & Partial<Exported> & Pick<Exported, "values">;

/** The source of the package's module: the exports of `.`, and each further entry as a namespace under its subpath. */
export function packageModules(entries: readonly ExportedEntry[]): BuildEntry {
  const named = entries.map((entry, index) => ({ entry, name: `entry:${index}`, source: entrySource(entry) }));
  const lines = named.map(({ entry, name, source }) =>
    entry.subpath === "" ? source : `export * as ${JSON.stringify(entry.subpath)} from ${JSON.stringify(name)};`,
  );
  return { source: lines.join("\n"), modules: new Map(named.map(({ name, source }) => [name, source])) };
}

/** The source that re-exports an entry. Exports of CommonJS must be named in an ES module. */
function entrySource({ path, values, commonJs, starred = [] }: ExportedEntry): string {
  if (commonJs !== undefined) return exportMembers([...values.keys()], { path, variable: "all" });
  const from = `from ${JSON.stringify(path)};`;
  const own = values.has("default") ? [`export { default } ${from}`] : [];
  const lost = starred.map((module, index) => exportMembers(module.names, { ...module, variable: `all${index}` }));
  return [`export * ${from}`, ...own, ...lost].join("\n");
}

/** CommonJS export names may be any strings. */
function exportMembers(
  names: readonly string[],
  { path, variable }: { readonly path: string; readonly variable: string },
): string {
  const lines = names.map((name, index) => {
    const text = JSON.stringify(name);
    return `const ${variable}_${index} = ${variable}[${text}]; export { ${variable}_${index} as ${text} };`;
  });
  return [`import * as ${variable} from ${JSON.stringify(path)};`, ...lines].join("\n");
}
