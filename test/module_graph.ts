import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** One `import`, `export … from` or `import()` of a source file. */
export interface Import {
  /** Path of the importing file, from the root of the repository. */
  readonly from: string;
  /** Path from the root of the repository for a file of ours; else the specifier as it stands. */
  readonly to: string;
  readonly isOurs: boolean;
  readonly isTypeOnly: boolean;
}

export interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

const IMPORT_PATTERNS = [
  /^\s*(?:import|export)(?<type>\s+type)?\s[^"';]*?\sfrom\s+"(?<specifier>[^"]+)"/gm,
  /^\s*import\s+"(?<specifier>[^"]+)"/gm,
  /\bimport\(\s*"(?<specifier>[^"]+)"\s*\)/g,
];

/** Reads the TypeScript files below some folders of the repository, generated ones left out. */
export function readSources(root: string, folders: readonly string[]): Source[] {
  return folders
    .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root }))
    .filter((path) => !path.startsWith("proto/gen/"))
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, path), "utf8");
      return { path, text, imports: importsOf(path, text) };
    });
}

function importsOf(from: string, text: string): Import[] {
  return IMPORT_PATTERNS.flatMap((pattern) => [...text.matchAll(pattern)]).map(({ groups }) => {
    const specifier = groups?.specifier ?? "";
    const isOurs = specifier.startsWith(".");
    return {
      from,
      to: isOurs ? normalize(join(dirname(from), specifier)) : specifier,
      isOurs,
      isTypeOnly: groups?.type !== undefined,
    };
  });
}

/** Rings of files that import each other, each told as the path around it. Imports of types alone do not count: they vanish. */
export function findCycles(sources: readonly Source[]): string[] {
  const targets = new Map(
    sources.map(({ path, imports }) => [
      path,
      imports.filter((each) => each.isOurs && !each.isTypeOnly).map((each) => each.to),
    ]),
  );
  const done = new Set<string>();
  const cycles: string[] = [];

  function visit(path: string, trail: readonly string[]): void {
    const start = trail.indexOf(path);
    if (start >= 0) {
      cycles.push([...trail.slice(start), path].join(" → "));
      return;
    }
    if (done.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  }

  for (const { path } of sources) visit(path, []);
  return cycles;
}
