import type { AnyNode, Expression, Function as FunctionNode, Property, SpreadElement } from "acorn";
import { assignedValue, mayBeJob } from "./changes.ts";
import type { Syntax } from "./syntax.ts";

/** The names of a module or function body, with all assignments at its top level. */
export interface Scope {
  readonly syntax: Syntax;
  readonly declared: ReadonlyMap<string, readonly AnyNode[]>;
  /** Number of top-level assignments of each name with a value that may be a job. */
  readonly written: ReadonlyMap<string, number>;
  /** Functions called as `((N) => {…})(N || (N = {}))`, which create TypeScript namespaces. */
  readonly namespaces: ReadonlyMap<string, readonly FunctionNode[]>;
  /** Arguments of esbuild's `__export(x, { y: () => y })`: the expression of each name. */
  readonly exported: ReadonlyMap<string, ReadonlyMap<string, Expression>>;
  /** The enclosing scope of a function body. */
  readonly outer: Scope | undefined;
}

/** Declarations collected while a scope is read. */
interface Names {
  readonly declared: Map<string, AnyNode[]>;
  readonly written: Map<string, number>;
  readonly namespaces: Map<string, FunctionNode[]>;
  readonly exported: Map<string, ReadonlyMap<string, Expression>>;
}

/** Reads the top-level declarations of a module or function body. */
export function scopeOf(syntax: Syntax, outer?: Scope): Scope {
  const names: Names = { declared: new Map(), written: new Map(), namespaces: new Map(), exported: new Map() };
  for (const node of syntax.program.body) {
    switch (node.type) {
      case "FunctionDeclaration":
      case "ClassDeclaration":
        add(names.declared, node.id.name, node);
        break;
      case "VariableDeclaration":
        for (const { id, init } of node.declarations) if (id.type === "Identifier") write(names, id.name, init);
        break;
      case "ImportDeclaration":
        for (const specifier of node.specifiers) add(names.declared, specifier.local.name, specifier);
        break;
      case "ExpressionStatement":
        for (const each of partsOf(node.expression)) readExpression(names, each);
        break;
      default:
        break;
    }
  }
  return { syntax, outer, ...names };
}

function readExpression(names: Names, node: Expression): void {
  const { namespaces, exported } = names;
  if (node.type === "AssignmentExpression" && node.left.type === "Identifier")
    write(names, node.left.name, assignedValue(node));
  if (node.type !== "CallExpression") return;
  const { callee } = node;
  const [first, second] = node.arguments;
  if (isFunction(callee) && first?.type === "LogicalExpression" && first.left.type === "Identifier") {
    add(namespaces, first.left.name, callee);
  }
  const isExport = callee.type === "Identifier" && callee.name.startsWith("__export");
  if (isExport && first?.type === "Identifier" && second?.type === "ObjectExpression") {
    exported.set(first.name, gettersOf(second.properties));
  }
}

function partsOf(node: Expression): readonly Expression[] {
  return node.type === "SequenceExpression" ? node.expressions : [node];
}

/** The expressions that getters return: `{ x: () => x }`. */
function gettersOf(properties: readonly (Property | SpreadElement)[]): ReadonlyMap<string, Expression> {
  const getters = new Map<string, Expression>();
  for (const property of properties) {
    const name = propertyName(property);
    if (name !== undefined && property.type === "Property") getters.set(name, returnedBy(property.value));
  }
  return getters;
}

/** The expression of an arrow function, which esbuild may have wrapped in its naming helper; the node itself for any other function. */
function returnedBy(node: Expression): Expression {
  const [argument] = node.type === "CallExpression" ? node.arguments : [];
  const getter = argument !== undefined && argument.type !== "SpreadElement" ? argument : node;
  const isArrow = getter.type === "ArrowFunctionExpression" && getter.body.type !== "BlockStatement";
  return isArrow ? (getter.body as Expression) : { type: "ThisExpression", start: node.start, end: node.end };
}

/** The name of a property or member; undefined if it is computed. */
export function propertyName(node: AnyNode): string | undefined {
  if (node.type !== "Property" && node.type !== "MethodDefinition" && node.type !== "PropertyDefinition")
    return undefined;
  const { key, computed } = node;
  if (key.type === "Literal") return String(key.value);
  return key.type === "Identifier" && !computed ? key.name : undefined;
}

export function isFunction(node: AnyNode): node is FunctionNode & Expression {
  return node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression";
}

function write({ declared, written }: Names, name: string, node: AnyNode | null | undefined): void {
  add(declared, name, node);
  if (mayBeJob(node)) written.set(name, (written.get(name) ?? 0) + 1);
}

function add<Node>(nodes: Map<string, Node[]>, name: string, node: Node | null | undefined): void {
  const known = nodes.get(name) ?? [];
  if (node) known.push(node);
  nodes.set(name, known);
}
