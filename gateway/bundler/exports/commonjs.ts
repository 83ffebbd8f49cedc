import type { AnyNode, CallExpression, Expression, Function as FunctionNode, ObjectExpression } from "acorn";
import { isFunction, propertyName, type Scope, scopeOf } from "./scope.ts";
import { parseBody } from "./syntax.ts";
import { inferName, inferValue, UNKNOWN, type Value } from "./values.ts";

/** The exports of a CommonJS module, as far as its syntax shows them. */
export interface CommonJsExports {
  /** Path in the upload. */
  readonly path: string;
  /** Values by name. `default` is `module.exports` itself, if it may be a job. */
  readonly values: ReadonlyMap<string, Value>;
  /** The value assigned to `exports.manifest`. */
  readonly manifest: AnyNode | undefined;
}

/**
 * The exports of a CommonJS module for a call of its `require_x()` in a bundle, or a variable with the result; undefined for any other
 * node.
 */
export function commonJsExports(scope: Scope, node: AnyNode): CommonJsExports | undefined {
  const name = requiredName(scope, node);
  const module = name === undefined ? undefined : wrappedModule(scope, name);
  if (module === undefined) return undefined;
  const known: Known = new Map();
  const { values, manifest } = foundIn({ module: scope, known }, module.run);
  return { path: module.path, values, manifest };
}

/** Results by the function of the module, so that each is read once. */
type Known = Map<FunctionNode, Found>;

interface Found {
  /** The last assigned value of each name. */
  readonly values: Map<string, Value>;
  /** The value of `module.exports = x`. */
  whole: Value | undefined;
  /** Whether an inner function assigns it, usually if there is no other module loader. */
  isWholeInner: boolean;
  isEsModule: boolean;
  manifest: AnyNode | undefined;
}

interface Reading {
  /** The bundle. */
  readonly module: Scope;
  readonly known: Known;
  /** The function of the module. */
  readonly scope: Scope;
  readonly found: Found;
}

/** The path and the function of a module that esbuild wrapped: `var require_x = __commonJS({ "x.js"(exports, module) {…} })`. */
function wrappedModule(scope: Scope, name: string): { readonly path: string; readonly run: FunctionNode } | undefined {
  const [call] = scope.declared.get(name) ?? [];
  if (call?.type !== "CallExpression" || !calleeName(call).startsWith("__commonJS")) return undefined;
  const [modules] = call.arguments;
  const [property] = modules?.type === "ObjectExpression" ? modules.properties : [];
  if (property?.type !== "Property" || !isFunction(property.value)) return undefined;
  const path = propertyName(property);
  return path === undefined ? undefined : { path, run: property.value };
}

/** The name `require_x` in a call of it, also through helpers of esbuild, TypeScript and Babel, or in a variable. */
function requiredName(scope: Scope, node: AnyNode, seen = 0): string | undefined {
  if (seen > 10) return undefined;
  if (node.type === "Identifier") {
    const [init] = scope.declared.get(node.name) ?? [];
    return init === undefined ? undefined : requiredName(scope, init, seen + 1);
  }
  if (node.type !== "CallExpression") return undefined;
  const name = calleeName(node);
  const [argument] = node.arguments;
  if (/^require_/.test(name)) return name;
  return /^(?:__toESM|__importStar|_interop)/.test(name) && argument
    ? requiredName(scope, argument, seen + 1)
    : undefined;
}

function foundIn({ module, known }: Pick<Reading, "module" | "known">, run: FunctionNode): Found {
  const before = known.get(run);
  if (before !== undefined) return before;
  const found: Found = {
    values: new Map(),
    whole: undefined,
    isWholeInner: false,
    isEsModule: false,
    manifest: undefined,
  };
  known.set(run, found);
  readBody({ module, known, scope: module, found }, run);
  const { values, whole, isEsModule } = found;
  values.delete("__esModule");
  if (isEsModule) return found;
  values.delete("default");
  if (whole === undefined) return found;
  const isNoJob = whole.type === "object" && whole.run === undefined;
  if (values.size > 0 && (isNoJob || (found.isWholeInner && whole.type === "unknown"))) return found;
  // `module.exports = { validate, run }` is one job.
  if (whole.type === "object" && values.delete("run")) values.delete("validate");
  values.set("default", whole);
  return found;
}

function readBody(reading: Reading, run: FunctionNode): void {
  const body = parseBody(reading.scope.syntax, run);
  if (body === undefined) {
    reading.found.whole = UNKNOWN;
    return;
  }
  const scope = scopeOf(body, reading.scope);
  for (const statement of body.program.body) visit(statement, (node) => readNode({ ...reading, scope }, node));
}

function readNode(reading: Reading, node: AnyNode): void {
  if (node.type === "AssignmentExpression" && node.operator === "=") {
    const name = exportedName(node.left);
    if (name !== undefined) addName(reading, name, node.right);
    else if (isModuleExports(node.left)) readWhole(reading, node.right);
  }
  if (node.type === "CallExpression") readCall(reading, node);
  // `(function (factory) {…})(function (require, exports) {…})`: UMD.
  if (node.type === "ExpressionStatement" && node.expression.type === "CallExpression") {
    const { callee, arguments: given } = node.expression;
    for (const each of [callee, ...given]) if (isFunction(each)) readBody(reading, each);
  }
}

/** `node` is undefined for the value of an unknown getter. */
function addName({ scope, found }: Reading, name: string, node: AnyNode | undefined): void {
  if (name === "__esModule") found.isEsModule = true;
  if (name === "manifest") found.manifest = node;
  const value = node === undefined ? UNKNOWN : inferValue(scope, node);
  // `exports.A = void 0` only declares an export that is assigned elsewhere.
  if (value.type === "other" && value.what === "undefined" && found.values.has(name)) return;
  found.values.set(name, value);
}

function readWhole(reading: Reading, node: Expression): void {
  const { scope, found } = reading;
  if (node.type === "AssignmentExpression") return readWhole(reading, node.right);
  const last = node.type === "SequenceExpression" ? (node.expressions.at(-1) ?? node) : node;
  found.whole = inferValue(scope, last);
  found.isWholeInner = scope.outer !== reading.module;
  const variable = last.type === "Identifier" ? last.name : undefined;
  const object = variable === undefined ? last : scope.declared.get(variable)?.at(0);
  if (object?.type === "ObjectExpression") readObject(reading, object);
  else if (last.type === "CallExpression" && calleeName(last).startsWith("__toCommonJS")) readNamespace(reading, last);
  else readModule(reading, last);
  if (variable !== undefined) readMembers(reading, variable);
}

/** Reads a required ES module, or one that esbuild converted to CommonJS: `module.exports = __toCommonJS(x_exports)`. */
function readNamespace({ scope, found }: Reading, { arguments: [namespace] }: CallExpression): void {
  found.isEsModule = true;
  const known = namespace?.type === "Identifier" ? inferName(scope, namespace.name) : UNKNOWN;
  if (known.type === "namespace") for (const [name, member] of known.members) found.values.set(name, member);
}

function readObject(reading: Reading, { properties }: ObjectExpression): void {
  const { found } = reading;
  let isOpen = false;
  for (const property of properties) {
    const name = propertyName(property);
    if (property.type === "SpreadElement") isOpen = !readModule(reading, property.argument) || isOpen;
    else if (name === undefined) isOpen = true;
    else addName(reading, name, property.kind === "init" ? property.value : undefined);
  }
  if (found.whole?.type === "object" && !isOpen) found.whole = { ...found.whole, run: found.values.get("run") };
}

/** Adds all exports of another module, and its `module.exports` if this one has none. Returns false if the module is unknown. */
function readModule({ module, known, scope, found }: Reading, node: AnyNode): boolean {
  const name = requiredName(scope, node);
  const other = name === undefined ? undefined : wrappedModule(module, name);
  if (other === undefined) return false;
  const { values, whole, isEsModule } = foundIn({ module, known }, other.run);
  for (const [key, value] of values) if (key !== "default") found.values.set(key, value);
  if (found.whole?.type !== "unknown") return true;
  found.whole = whole ?? { type: "object", what: "an object", run: values.get("run") };
  if (!isEsModule) return true;
  found.isEsModule = true;
  found.values.set("default", values.get("default") ?? { type: "other", what: "undefined" });
  return true;
}

/** `const api = {}; api.Run = …; module.exports = api`. */
function readMembers(reading: Reading, variable: string): void {
  for (const statement of reading.scope.syntax.program.body) {
    if (statement.type !== "ExpressionStatement" || statement.expression.type !== "AssignmentExpression") continue;
    const { left, right } = statement.expression;
    const isMember =
      left.type === "MemberExpression" && left.object.type === "Identifier" && left.object.name === variable;
    const name = isMember ? memberName(left) : undefined;
    if (name !== undefined) addName(reading, name, right);
  }
}

/** Reads calls that add exports: `Object.defineProperty(exports, "x", …)`, `__exportStar(require_x(), exports)` and the like. */
function readCall(reading: Reading, call: CallExpression): void {
  const name = calleeName(call);
  const [first, second, third] = call.arguments;
  if (first === undefined) return;
  if (name === "forEach") return readBabelStar(reading, call);
  if (!isExports(first)) {
    if (/^(?:__exportStar|__export|_export_?[sS]tar)\d*$/.test(name)) readModule(reading, first);
    return;
  }
  if (name === "defineProperty" && second?.type === "Literal" && third?.type === "ObjectExpression") {
    const value = third.properties.find((property) => propertyName(property) === "value");
    return addName(reading, String(second.value), value?.type === "Property" ? value.value : undefined);
  }
  if (second?.type !== "ObjectExpression") {
    if (name === "assign" && second) readModule(reading, second);
    return;
  }
  if (name === "assign") return readObject(reading, second);
  for (const property of second.properties) {
    const getter = propertyName(property);
    if (getter !== undefined) addName(reading, getter, undefined);
  }
}

/** `Object.keys(_x).forEach((key) => { … exports[key] = _x[key]; })`. */
function readBabelStar(reading: Reading, { callee, arguments: [first] }: CallExpression): void {
  if (callee.type !== "MemberExpression" || callee.object.type !== "CallExpression" || first === undefined) return;
  const [object] = callee.object.arguments;
  const text = reading.scope.syntax.source.slice(first.start, first.end);
  if (calleeName(callee.object) === "keys" && object?.type === "Identifier" && /\bexports\b/.test(text)) {
    readModule(reading, object);
  }
}

/** `f` of `f()`, `a.f()` and `(0, a.f)()`. */
function calleeName({ callee }: CallExpression): string {
  const last = callee.type === "SequenceExpression" ? callee.expressions.at(-1) : callee;
  if (last?.type === "Identifier") return last.name;
  return (last && memberName(last)) ?? "";
}

/** esbuild adds a number to a name that an inner function declares, too. */
function isExports(node: AnyNode): boolean {
  return (node.type === "Identifier" && /^exports\d*$/.test(node.name)) || isModuleExports(node);
}

function isModuleExports(node: AnyNode): boolean {
  if (node.type !== "MemberExpression" || node.object.type !== "Identifier") return false;
  return /^module\d*$/.test(node.object.name) && memberName(node) === "exports";
}

/** `x` of `exports.x` and `module.exports.x`. */
function exportedName(node: AnyNode): string | undefined {
  return node.type === "MemberExpression" && isExports(node.object) ? memberName(node) : undefined;
}

function memberName(node: AnyNode): string | undefined {
  if (node.type !== "MemberExpression") return undefined;
  if (node.property.type === "Literal") return String(node.property.value);
  return node.property.type === "Identifier" && !node.computed ? node.property.name : undefined;
}

/** Visits a node and its descendants; function bodies are empty here. */
function visit(node: AnyNode, read: (node: AnyNode) => void): void {
  read(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === "object" && child !== null && typeof child.type === "string") visit(child, read);
    }
  }
}
