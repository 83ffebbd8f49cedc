import type { AnyNode } from "acorn";
import { type CommonJsExports, commonJsExports } from "./commonjs.ts";
import { type Scope, scopeOf } from "./scope.ts";
import { parseModule } from "./syntax.ts";
import { inferName, inferValue, UNKNOWN, type Value } from "./values.ts";

/** A CommonJS module, by its path in the upload, and the names that an ES module has to import from it by name. */
export interface Starred {
  readonly path: string;
  readonly names: readonly string[];
}

/** The exports of a bundled module. */
export interface Exported {
  readonly values: ReadonlyMap<string, Value>;
  /** The syntax of the export `manifest`. */
  readonly manifest: AnyNode | undefined;
  /** Set if the module is CommonJS: an ES module must import its exports by name. */
  readonly commonJs: CommonJsExports | undefined;
  /** CommonJS modules that the module re-exports as a whole (`export * from "./x.cjs"`): the bundle lacks their names. */
  readonly starred: readonly Starred[];
}

/** Reads the exports from the syntax of a bundled entry. Returns undefined if it cannot be parsed. */
export function readExports(module: string): Exported | undefined {
  const syntax = parseModule(module);
  if (syntax === undefined) return undefined;
  const scope = scopeOf(syntax);
  const values = new Map<string, Value>();
  let manifest: AnyNode | undefined;
  for (const node of syntax.program.body) {
    if (node.type === "ExportDefaultDeclaration") {
      const commonJs = commonJsExports(scope, node.declaration);
      if (commonJs !== undefined) return { ...commonJs, commonJs, starred: [] };
      values.set("default", inferValue(scope, node.declaration));
    }
    // Exports of a built-in module.
    if (node.type === "ExportAllDeclaration" && node.exported) values.set(nameOf(node.exported), UNKNOWN);
    for (const { local, exported } of node.type === "ExportNamedDeclaration" ? node.specifiers : []) {
      values.set(nameOf(exported), inferName(scope, nameOf(local)));
      if (nameOf(exported) === "manifest") manifest = scope.declared.get(nameOf(local))?.at(-1);
    }
  }
  const starred = starredBy(scope).map((module) => takeNew(module, values));
  return { values, manifest, commonJs: undefined, starred };
}

/** Adds the missing exports of a module, and returns their names. `export *` omits the default. */
function takeNew({ path, values }: CommonJsExports, known: Map<string, Value>): Starred {
  const names = [...values.keys()].filter((name) => name !== "default" && !known.has(name));
  for (const name of names) known.set(name, values.get(name) ?? UNKNOWN);
  return { path, names };
}

interface ReExport {
  readonly namespace: string;
  readonly from: AnyNode;
}

/**
 * CommonJS modules that the entry re-exports as a whole, directly or through another module: `__reExport(index_exports,
 * __toESM(require_x()))`.
 */
function starredBy(scope: Scope): readonly CommonJsExports[] {
  const reExports = reExportsOf(scope).toReversed();
  const [last] = reExports;
  if (last === undefined || !isEntrys(scope, last.namespace, reExports)) return [];
  const namespaces = new Set([last.namespace]);
  return reExports.flatMap(({ namespace, from }) => {
    if (!namespaces.has(namespace)) return [];
    if (from.type === "Identifier") namespaces.add(from.name);
    return commonJsExports(scope, from) ?? [];
  });
}

/** Whether the namespace is the entry's: the entry is the last module of a bundle, and nothing else refers to its namespace. */
function isEntrys({ syntax, exported }: Scope, namespace: string, reExports: readonly ReExport[]): boolean {
  const uses = 1 + (exported.has(namespace) ? 1 : 0) + reExports.filter((each) => each.namespace === namespace).length;
  const words = syntax.source.matchAll(/[\p{ID_Continue}$]+/gu);
  let found = 0;
  for (const [word] of words) if (word === namespace) found += 1;
  return found === uses;
}

function reExportsOf({ syntax }: Scope): ReExport[] {
  return syntax.program.body.flatMap((node) => {
    if (node.type !== "ExpressionStatement" || node.expression.type !== "CallExpression") return [];
    const { callee, arguments: given } = node.expression;
    const [namespace, from] = given;
    const isOne =
      callee.type === "Identifier" && /^__reExport\d*$/.test(callee.name) && namespace?.type === "Identifier";
    return isOne && from ? [{ namespace: namespace.name, from }] : [];
  });
}

function nameOf(node: AnyNode): string {
  if (node.type === "Identifier") return node.name;
  return node.type === "Literal" ? String(node.value) : "";
}
