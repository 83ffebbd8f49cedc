import type { AnyNode } from "acorn";
import { type CommonJsExports, commonJsExports } from "./commonjs.ts";
import { type Scope, scopeOf } from "./scope.ts";
import { parseModule } from "./syntax.ts";
import { inferName, inferValue, UNKNOWN, type Value } from "./values.ts";

/** A CommonJS module, by its path in the upload, and names that an ES module has to name to have them. */
export interface Starred {
  readonly path: string;
  readonly names: readonly string[];
}

/** What a bundled module exports. */
export interface Exported {
  readonly values: ReadonlyMap<string, Value>;
  /** The value of the export `manifest`, as it stands in the syntax. */
  readonly manifest: AnyNode | undefined;
  /** Set when the module is CommonJS: an ES module must name what it takes of it. */
  readonly commonJs: CommonJsExports | undefined;
  /** CommonJS modules of which the module re-exports all (`export * from "./x.cjs"`): names that the bundle has lost. */
  readonly starred: readonly Starred[];
}

/** Reads the exports off the syntax of what esbuild made of an entry. Undefined when it cannot be parsed. */
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
    // What a built-in module exports.
    if (node.type === "ExportAllDeclaration" && node.exported) values.set(nameOf(node.exported), UNKNOWN);
    for (const { local, exported } of node.type === "ExportNamedDeclaration" ? node.specifiers : []) {
      values.set(nameOf(exported), inferName(scope, nameOf(local)));
      if (nameOf(exported) === "manifest") manifest = scope.declared.get(nameOf(local))?.at(-1);
    }
  }
  const starred = starredBy(scope).map((module) => takeNew(module, values));
  return { values, manifest, commonJs: undefined, starred };
}

/** Adds the exports of a module that are not there yet, and returns their names. `export *` takes no default. */
function takeNew({ path, values }: CommonJsExports, known: Map<string, Value>): Starred {
  const names = [...values.keys()].filter((name) => name !== "default" && !known.has(name));
  for (const name of names) known.set(name, values.get(name) ?? UNKNOWN);
  return { path, names };
}

interface ReExport {
  readonly namespace: string;
  readonly from: AnyNode;
}

/** CommonJS modules of which the entry re-exports all, itself or by a module of which it does: `__reExport(index_exports, __toESM(require_x()))`. */
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

/** The entry is the last module of a bundle, and nothing else has a use for its namespace. */
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
