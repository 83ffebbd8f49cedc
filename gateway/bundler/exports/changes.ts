import type { AnyNode, AssignmentExpression, CallExpression, Expression } from "acorn";

/** Changes of names anywhere in a source, including in functions. */
export interface Changes {
  /** Number of assignments of each name with a value that may be a job. */
  readonly assigned: ReadonlyMap<string, number>;
  /** Names of objects and classes that may get a member `run`. */
  readonly grown: ReadonlySet<string>;
}

/** Collects changes while a source is parsed. */
export class ChangeLog implements Changes {
  readonly assigned = new Map<string, number>();
  readonly grown = new Set<string>();

  /** Receives each node when it is parsed. */
  add(node: AnyNode): void {
    switch (node.type) {
      case "AssignmentExpression":
        return this.#addAssignment(node);
      case "VariableDeclarator":
        if (mayBeJob(node.init) && node.id.type === "Identifier") this.#count(node.id.name, 1);
        return;
      case "ForInStatement":
      case "ForOfStatement":
        if (node.left.type !== "VariableDeclaration") this.#addTarget(node.left);
        return;
      case "LogicalExpression":
        // `N || (N = {})`, which creates a TypeScript namespace.
        if (isFilled(node.left, node.right)) this.#count(node.left.name, -1);
        return;
      case "CallExpression":
        if (WRITING.test(calleeOf(node))) this.#addObject(node.arguments[0]);
        return;
      case "ExpressionStatement":
        for (const call of callsOf(node.expression)) {
          if (!HARMLESS.test(calleeOf(call))) for (const argument of call.arguments) this.#addObject(argument);
        }
        return;
      default:
        return;
    }
  }

  #addAssignment(node: AssignmentExpression): void {
    const isPattern = node.left.type === "ArrayPattern" || node.left.type === "ObjectPattern";
    if (isPattern || mayBeJob(assignedValue(node))) this.#addTarget(node.left);
  }

  #addTarget(target: AnyNode | null): void {
    switch (target?.type) {
      case "Identifier":
        return this.#count(target.name, 1);
      case "MemberExpression": {
        const { computed, property } = target;
        const name = property.type === "Literal" ? property.value : property.type === "Identifier" && property.name;
        const mayBeRun = (computed && property.type !== "Literal") || RUN_MEMBERS.has(name);
        const root = mayBeRun ? rootOf(target) : undefined;
        if (root !== undefined) this.grown.add(root);
        return;
      }
      case "ArrayPattern":
        for (const element of target.elements) this.#addTarget(element);
        return;
      case "ObjectPattern":
        for (const property of target.properties)
          this.#addTarget(property.type === "Property" ? property.value : property.argument);
        return;
      case "AssignmentPattern":
        return this.#addTarget(target.left);
      case "RestElement":
        return this.#addTarget(target.argument);
      default:
        return;
    }
  }

  /** `Job`, and `Job.prototype`. */
  #addObject(node: AnyNode | undefined): void {
    const object = node?.type === "MemberExpression" && memberOf(node) === "prototype" ? node.object : node;
    if (object?.type === "Identifier") this.grown.add(object.name);
  }

  #count(name: string, times: number): void {
    this.assigned.set(name, (this.assigned.get(name) ?? 0) + times);
  }
}

/** Members whose assignment gives an object, or its instances, a `run`. */
const RUN_MEMBERS = new Set<unknown>(["run", "prototype", "__proto__"]);

/** Functions that modify their first argument, wherever they are called. */
const WRITING =
  /^(?:Object\.(?:assign|defineProperty|defineProperties|setPrototypeOf)|Reflect\.(?:set|defineProperty|setPrototypeOf))$/;

/** Functions that modify no object of the author, although their result is unused: esbuild's helpers and the console. */
const HARMLESS =
  /^(?:console\.\w+|__(?:name|publicField|export|reExport|copyProps|decorat\w+|runInitializers|private\w+)\d*)$/;

/** The assigned value; undefined for `+=` and the like, which produce numbers and strings. */
export function assignedValue({ operator, right }: AssignmentExpression): Expression | undefined {
  return ["=", "||=", "&&=", "??="].includes(operator) ? right : undefined;
}

/** Expressions that are never a function, nor an object with members of its own. */
const PLAIN = new Set(["Literal", "TemplateLiteral", "UnaryExpression", "BinaryExpression", "ArrayExpression"]);

export function mayBeJob(node: AnyNode | null | undefined): node is AnyNode {
  return node !== null && node !== undefined && !PLAIN.has(node.type);
}

function isFilled(left: AnyNode, right: AnyNode): left is AnyNode & { readonly type: "Identifier" } {
  if (left.type !== "Identifier" || right.type !== "AssignmentExpression") return false;
  return right.left.type === "Identifier" && right.left.name === left.name;
}

/** The calls that a statement makes for their effects. */
function callsOf(node: AnyNode): readonly CallExpression[] {
  switch (node.type) {
    case "CallExpression":
      return [node];
    case "AwaitExpression":
    case "UnaryExpression":
      return callsOf(node.argument);
    case "LogicalExpression":
      return callsOf(node.right);
    case "SequenceExpression":
      return node.expressions.flatMap(callsOf);
    default:
      return [];
  }
}

function calleeOf({ callee }: CallExpression): string {
  if (callee.type === "Identifier") return callee.name;
  const isMember = callee.type === "MemberExpression" && callee.object.type === "Identifier";
  return isMember && callee.object.type === "Identifier" ? `${callee.object.name}.${memberOf(callee) ?? ""}` : "";
}

function memberOf(node: AnyNode): string | undefined {
  if (node.type !== "MemberExpression" || node.computed) return undefined;
  return node.property.type === "Identifier" ? node.property.name : undefined;
}

function rootOf(node: AnyNode): string | undefined {
  if (node.type === "MemberExpression") return rootOf(node.object);
  return node.type === "Identifier" ? node.name : undefined;
}
