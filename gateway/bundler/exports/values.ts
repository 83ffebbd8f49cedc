import type {
  AnyNode,
  CallExpression,
  Class,
  Expression,
  Function as FunctionNode,
  Property,
  SpreadElement,
} from "acorn";
import { mayBeJob } from "./changes.ts";
import { isFunction, propertyName, type Scope, scopeOf } from "./scope.ts";
import { parseBody } from "./syntax.ts";

/** A value as known from the syntax. A job is a function, or an object with a function `run`. */
export type Value =
  | { readonly type: "function" }
  | { readonly type: "class" }
  /** `run` is the member of that name; undefined if it has none. */
  | { readonly type: "object"; readonly what: string; readonly run: Value | undefined }
  /** The value of `export * as x`. */
  | { readonly type: "namespace"; readonly members: ReadonlyMap<string, Value> }
  | { readonly type: "other"; readonly what: string }
  | { readonly type: "unknown" };

export const UNKNOWN: Value = { type: "unknown" };

/** Maximum number of expressions that are followed before a value counts as unknown. */
const MOST_STEPS = 50;

/** Names of built-in classes whose instances have no `run`. */
const KNOWN_CLASSES =
  /^(?:Map|Set|WeakMap|WeakSet|Date|RegExp|Array|Object|Promise|Error|\w+Error|\w*Array|ArrayBuffer|SharedArrayBuffer|DataView|URL|URLSearchParams|Headers|Request|Response|FormData|Blob|File|AbortController|EventTarget|TextEncoder|TextDecoder|Intl\.\w+)$/;

/** Whether a value may be a job. */
export function canRun(value: Value): boolean {
  if (value.type === "object") return value.run !== undefined && isCallable(value.run);
  if (value.type === "namespace") return isCallable(value.members.get("run") ?? { type: "other", what: "" });
  return isCallable(value);
}

/** The kind of a value, for messages after "is". */
export function nameKind(value: Value): string {
  switch (value.type) {
    case "class":
      return "a class; export an instance, or a function that makes one";
    case "object":
      return `${value.what} without a function "run"`;
    case "namespace":
      return 'a module without a function "run"';
    case "other":
      return value.what;
    case "function":
      return "a function";
    case "unknown":
      return "a value";
    default:
      return value satisfies never;
  }
}

function isCallable({ type }: Value): boolean {
  return type === "function" || type === "unknown";
}

const valuesByScope = new WeakMap<Scope, Map<string, Value>>();

/** The value of a name in the module or body. Cached for each name: names may refer to each other in any number of ways. */
export function inferName(scope: Scope, name: string, steps = 0): Value {
  const values = valuesByScope.get(scope) ?? new Map<string, Value>();
  valuesByScope.set(scope, values);
  const known = values.get(name);
  if (known !== undefined) return known;
  // The value of a name that refers to itself.
  values.set(name, UNKNOWN);
  const value = findValue(scope, name, steps);
  values.set(name, value);
  return value;
}

function findValue(scope: Scope, name: string, steps: number): Value {
  const { declared, namespaces, exported, outer } = scope;
  const members = exported.get(name);
  if (members !== undefined) {
    const values = [...members].map(([key, member]) => [key, inferValue(scope, member, steps + 1)] as const);
    return { type: "namespace", members: new Map(values) };
  }
  const nodes = declared.get(name);
  if (nodes === undefined) return outer === undefined ? globalValue(name) : inferName(outer, name, steps);
  const values = nodes.map((node) => inferValue(scope, node, steps + 1));
  const fillers = namespaces.get(name);
  if (fillers !== undefined && values.length === 0) return withGrown(scope, name, objectOf(scope, fillers));
  const late = assignedLate(scope, name);
  if (isChanged(scope, name, late.filter(({ node }) => mayBeJob(node)).length)) return UNKNOWN;
  if (nodes.length === 0) values.push(...late.map(({ scope, node }) => inferValue(scope, node, steps + 1)));
  // A decorator may return anything, but usually returns the class.
  const value = values.find(({ type }) => type === "class") ?? values.find(canRun) ?? values.at(-1) ?? UNKNOWN;
  return withGrown(scope, name, value);
}

/** The value of a name, with the members that it may get after its definition. */
function withGrown({ syntax }: Scope, name: string, value: Value): Value {
  return value.type === "object" && syntax.changes.grown.has(name) ? { ...value, run: UNKNOWN } : value;
}

/** Whether a name is assigned elsewhere than at the top level of its scope: in a block, or in a function. */
function isChanged({ syntax, written }: Scope, name: string, timesLate: number): boolean {
  return (syntax.changes.assigned.get(name) ?? 0) > (written.get(name) ?? 0) + timesLate;
}

interface Late {
  readonly scope: Scope;
  readonly node: AnyNode;
}

const lateByScope = new WeakMap<Scope, Map<string, Late[]>>();

/** Assignments of a name in a lazy module of esbuild, which is required or imported dynamically: `init_x = __esm({ "x.js"() {…} })`. */
function assignedLate(scope: Scope, name: string): readonly Late[] {
  const known = lateByScope.get(scope) ?? readDelayed(scope);
  lateByScope.set(scope, known);
  return known.get(name) ?? [];
}

function readDelayed(scope: Scope): Map<string, Late[]> {
  const late = new Map<string, Late[]>();
  for (const [call] of scope.declared.values()) {
    if (call?.type !== "CallExpression" || call.callee.type !== "Identifier" || !/^__esm\d*$/.test(call.callee.name))
      continue;
    const [modules] = call.arguments;
    const [property] = modules?.type === "ObjectExpression" ? modules.properties : [];
    const body =
      property?.type === "Property" && isFunction(property.value) ? parseBody(scope.syntax, property.value) : undefined;
    if (body === undefined) continue;
    const inner = scopeOf(body, scope);
    for (const [name, nodes] of inner.declared) {
      late.set(name, [...(late.get(name) ?? []), ...nodes.map((node) => ({ scope: inner, node }))]);
    }
  }
  return late;
}

/** The value of an expression, a declaration or an import. */
export function inferValue(scope: Scope, node: AnyNode, steps = 0): Value {
  if (steps > MOST_STEPS) return UNKNOWN;
  switch (node.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return { type: "function" };
    case "ClassDeclaration":
    case "ClassExpression":
      return { type: "class" };
    case "Literal":
      return { type: "other", what: nameLiteral(node) };
    case "TemplateLiteral":
      return { type: "other", what: "a string" };
    case "ArrayExpression":
      return { type: "other", what: "an array" };
    case "UnaryExpression":
      return { type: "other", what: node.operator === "void" ? "undefined" : "a plain value" };
    case "BinaryExpression":
    case "UpdateExpression":
      return { type: "other", what: "a plain value" };
    case "ImportExpression":
      return { type: "other", what: "a promise" };
    case "ImportNamespaceSpecifier":
      return { type: "other", what: "a built-in module" };
    case "ObjectExpression":
      return objectValue(scope, node.properties, steps);
    case "Identifier":
      return inferName(scope, node.name, steps + 1);
    case "SequenceExpression":
      return inferValue(scope, node.expressions.at(-1) as Expression, steps + 1);
    case "AssignmentExpression":
      return node.operator === "=" ? inferValue(scope, node.right, steps + 1) : UNKNOWN;
    case "LogicalExpression":
      return eitherOf(scope, [node.right, node.left], steps);
    case "ConditionalExpression":
      return eitherOf(scope, [node.consequent, node.alternate], steps);
    case "NewExpression":
      return instanceValue(scope, node.callee, steps);
    case "CallExpression":
      return resultOf(scope, node, steps);
    default:
      return UNKNOWN;
  }
}

function nameLiteral({ value, regex }: { value?: unknown; regex?: unknown }): string {
  if (regex) return "a regular expression";
  return value === null ? "null" : `a ${typeof value}`;
}

function globalValue(name: string): Value {
  if (name === "undefined") return { type: "other", what: "undefined" };
  return name === "NaN" || name === "Infinity" ? { type: "other", what: "a number" } : UNKNOWN;
}

function eitherOf(scope: Scope, nodes: readonly Expression[], steps: number): Value {
  const values = nodes.map((node) => inferValue(scope, node, steps + 1));
  return values.find(canRun) ?? values[0] ?? UNKNOWN;
}

function objectValue(scope: Scope, properties: readonly (Property | SpreadElement)[], steps: number): Value {
  const isOpen = properties.some((property) => propertyName(property) === undefined);
  const own = properties.findLast((property) => propertyName(property) === "run");
  if (own?.type !== "Property") return { type: "object", what: "an object", run: isOpen ? UNKNOWN : undefined };
  return {
    type: "object",
    what: "an object",
    run: own.kind === "init" ? inferValue(scope, own.value, steps + 1) : UNKNOWN,
  };
}

function instanceValue(scope: Scope, callee: Expression | AnyNode, steps: number): Value {
  if (callee.type !== "Identifier") return UNKNOWN;
  const [definition] = lookup(scope, callee.name);
  if (definition === undefined) {
    return KNOWN_CLASSES.test(callee.name) ? { type: "object", what: `a ${callee.name}`, run: undefined } : UNKNOWN;
  }
  if (definition.type !== "ClassExpression" && definition.type !== "ClassDeclaration") return UNKNOWN;
  if (isGrown(scope, callee.name)) return UNKNOWN;
  return { type: "object", what: "an instance of a class", run: instanceRun(scope, definition, steps) };
}

/** The member `run` of the instances of a class, its own or inherited. */
function instanceRun(scope: Scope, { body, superClass }: Class, steps: number): Value | undefined {
  if (steps > MOST_STEPS) return UNKNOWN;
  const members = body.body.filter((member) => member.type !== "StaticBlock" && !member.static);
  const run = members.find((member) => propertyName(member) === "run");
  if (run?.type === "PropertyDefinition") return run.value ? inferValue(scope, run.value, steps + 1) : UNKNOWN;
  if (run?.type === "MethodDefinition") return run.kind === "method" ? { type: "function" } : UNKNOWN;
  if (members.some((member) => mayAddRun(scope, member))) return UNKNOWN;
  if (!superClass) return undefined;
  const [parent] = superClass.type === "Identifier" ? lookup(scope, superClass.name) : [];
  if (parent?.type !== "ClassExpression" && parent?.type !== "ClassDeclaration") return UNKNOWN;
  if (superClass.type === "Identifier" && isGrown(scope, superClass.name)) return UNKNOWN;
  return instanceRun(scope, parent, steps + 1);
}

/** Whether a class member may add `run`: a computed name, or a constructor that assigns `this.run` or returns another object. */
function mayAddRun({ syntax }: Scope, member: AnyNode): boolean {
  if (member.type === "MethodDefinition" && member.kind === "constructor") {
    return /\b(?:run|return)\b/.test(syntax.source.slice(member.start, member.end));
  }
  const isNamed = member.type === "MethodDefinition" || member.type === "PropertyDefinition";
  return isNamed && member.computed && propertyName(member) === undefined;
}

/** Whether a class may get members after its definition. */
function isGrown({ syntax, declared, outer }: Scope, name: string): boolean {
  if (syntax.changes.grown.has(name)) return true;
  return !declared.has(name) && outer !== undefined && isGrown(outer, name);
}

function lookup({ declared, outer }: Scope, name: string): readonly AnyNode[] {
  return declared.get(name) ?? (outer === undefined ? [] : lookup(outer, name));
}

/** The result of calls of esbuild's helpers, of frozen objects, and of enums; any other result is unknown. */
function resultOf(scope: Scope, { callee, arguments: [first] }: CallExpression, steps: number): Value {
  if (isFunction(callee) && first?.type === "LogicalExpression") return objectOf(scope, [callee]);
  if (first === undefined || first.type === "SpreadElement") return UNKNOWN;
  const { source } = scope.syntax;
  const name = source.slice(callee.start, callee.end);
  if (/^(?:__name\d*|Object\.(?:freeze|seal|preventExtensions))$/.test(name))
    return inferValue(scope, first, steps + 1);
  return UNKNOWN;
}

/** The object that functions such as `(N) => { N.run = run; }` fill: a TypeScript namespace or enum. */
function objectOf(scope: Scope, fillers: readonly FunctionNode[]): Value {
  const runs = fillers.flatMap((filler) => {
    const body = parseBody(scope.syntax, filler);
    if (body === undefined) return [UNKNOWN];
    const [parameter] = filler.params;
    const name = parameter?.type === "Identifier" ? parameter.name : "";
    return body.program.body.flatMap((statement) => {
      if (statement.type !== "ExpressionStatement" || statement.expression.type !== "AssignmentExpression") return [];
      const { left, right } = statement.expression;
      if (left.type !== "MemberExpression" || left.object.type !== "Identifier" || left.object.name !== name) return [];
      const isRun = left.property.type === "Identifier" ? left.property.name === "run" : false;
      return isRun ? [inferValue(scopeOf(body, scope), right)] : [];
    });
  });
  return { type: "object", what: "an object", run: runs.at(-1) };
}
