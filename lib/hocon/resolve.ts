import { HoconError, MAX_DEPTH, MAX_VALUES, tooDeep, tooManyValues } from "./hocon_error.ts";
import { createObject, isObject, type JsonObject, type JsonValue, valueAt } from "./json.ts";
import type { Appended, Concatenation, KeyPath, ObjectSyntax, Substitution, Syntax } from "./syntax.ts";

/** Maximum size of the result, in characters and members: substitution can double a text with every line. */
const MAX_SIZE = 4 * 1024 * 1024;

/** Maximum number of characters and members that are copied meanwhile. */
const MAX_WORK = 2 * MAX_SIZE;

/** Maximum number of values that wait for each other: each takes a few stack frames. */
const MAX_WAITING = 500;

/** Maximum number of references that are followed to the original notation of a number. */
const MAX_HOPS = 10;

/** Position of a value in the history of a key. */
interface Place {
  readonly history: readonly Syntax[];
  readonly index: number;
}

interface Extent {
  readonly size: number;
  readonly depth: number;
  /** Number of values and keys. */
  readonly values: number;
}

/**
 * Replaces substitutions by the value in the config itself, or in `fallback`, or by nothing if optional. Uses no other source, in
 * particular no environment. Throws HoconError.
 */
export function resolveSyntax(root: ObjectSyntax, fallback: JsonObject): JsonObject {
  return new Resolver(root, fallback).resolve();
}

class Resolver {
  readonly #root: ObjectSyntax;
  readonly #fallback: JsonObject;
  readonly #resolved = new Map<Syntax, JsonValue | undefined>();
  /** Values that are being resolved; a reference to one means the previous value of its key. */
  readonly #waiting = new Set<Syntax>();
  readonly #extents = new WeakMap<object, Extent>();
  #work = 0;

  constructor(root: ObjectSyntax, fallback: JsonObject) {
    this.#root = root;
    this.#fallback = fallback;
  }

  resolve(): JsonObject {
    return this.#object(this.#root);
  }

  /** Resolves the history of a key; undefined if it is empty. */
  #said(history: readonly Syntax[]): JsonValue | undefined {
    const objects: JsonObject[] = [];
    for (let index = history.length - 1; index >= 0; index -= 1) {
      const value = this.#value(history, index);
      if (value === undefined) continue;
      if (!isObject(value) && objects.length === 0) return value;
      if (!isObject(value)) break;
      objects.push(value);
    }
    return objects.length === 0 ? undefined : this.#merged(objects.reverse(), this.#root.line);
  }

  #value(history: readonly Syntax[], index: number): JsonValue | undefined {
    const syntax = history[index];
    if (syntax === undefined) return undefined;
    if (syntax.type === "scalar" || syntax.type === "resolved") return syntax.value;
    if (this.#resolved.has(syntax)) return this.#resolved.get(syntax);
    if (this.#waiting.size >= MAX_WAITING)
      throw new HoconError(syntax.line, "Too many substitutions wait for each other");
    this.#waiting.add(syntax);
    const value = this.#compute(syntax, { history, index });
    this.#waiting.delete(syntax);
    this.#resolved.set(syntax, value);
    return value;
  }

  #compute(syntax: Exclude<Syntax, { value: unknown }>, place: Place): JsonValue | undefined {
    switch (syntax.type) {
      case "object":
        return this.#object(syntax);
      case "array": {
        const items = syntax.items.map((item) => this.#value([item], 0)).filter((item) => item !== undefined);
        return this.#measured(items, syntax.line);
      }
      case "substitution":
        return this.#substitution(syntax);
      case "concatenation":
        return this.#concatenation(syntax);
      case "appended":
        return this.#appended(syntax, place);
      default:
        return syntax satisfies never;
    }
  }

  #object({ fields, line }: ObjectSyntax): JsonObject {
    const object = createObject();
    for (const [key, history] of fields) {
      const value = this.#said(history);
      if (value !== undefined) object[key] = value;
    }
    return this.#measured(object, line);
  }

  #substitution({ path, isOptional, line }: Substitution): JsonValue | undefined {
    const own = this.#said(this.#before(path));
    const other = valueAt(this.#fallback, path);
    if (isObject(own) && isObject(other)) return this.#merged([other, own], line);
    const value = own === undefined ? other : own;
    if (value !== undefined || isOptional) return value;
    throw new HoconError(line, `Could not resolve substitution to a value: \${${path.join(".").slice(0, 100)}}`);
  }

  /** The history of the value at a path, up to what is being resolved. */
  #before(path: readonly string[]): readonly Syntax[] {
    let history: readonly Syntax[] = [this.#root];
    for (const key of path) history = this.#members(history, key);
    const waiting = history.findIndex((syntax) => this.#waiting.has(syntax));
    return waiting === -1 ? history : history.slice(0, waiting);
  }

  /** A value as a part of a longer string. A number keeps its notation, for example `1.10`, also by reference. */
  #text(part: Syntax, value: JsonValue): string {
    let written: Syntax | undefined = part;
    for (let hop = 0; hop < MAX_HOPS && written?.type === "substitution" && typeof value === "number"; hop += 1) {
      written = this.#before(written.path).at(-1);
    }
    if (written?.type === "scalar" && written.value === value) return written.text;
    return String(typeof value === "object" && value !== null ? "" : value);
  }

  /** The history of one key in a history of objects. Reads objects without resolving the rest of them. */
  #members(history: readonly Syntax[], key: string): Syntax[] {
    let members: Syntax[] = [];
    for (const [index, syntax] of history.entries()) {
      if (syntax.type === "object") {
        members = members.concat(syntax.fields.get(key) ?? []);
        this.#spend(1 + members.length, syntax.line);
        continue;
      }
      if (this.#waiting.has(syntax)) break;
      const value = this.#value(history, index);
      if (value === undefined) continue;
      if (!isObject(value)) members = [];
      const member = isObject(value) ? valueAt(value, [key]) : undefined;
      if (member !== undefined) members.push({ type: "resolved", value: member });
    }
    return members;
  }

  #concatenation({ parts, line }: Concatenation): JsonValue | undefined {
    const values: JsonValue[] = [];
    let text = "";
    let hasBlanks = false;
    for (const part of parts) {
      const value = part.type === "blank" ? part.text : this.#value([part], 0);
      if (value === undefined) continue;
      if (part.type === "blank") hasBlanks = true;
      else values.push(value);
      text += part.type === "blank" ? part.text : this.#text(part, value);
      this.#spend(text.length, line);
    }
    const [first, ...others] = values;
    if (first === undefined || (others.length === 0 && !hasBlanks)) return first;
    if (values.every(isObject)) return this.#merged(values, line);
    if (values.every((value) => Array.isArray(value))) return this.#measured(values.flat(), line);
    if (!values.some((value) => typeof value === "object" && value !== null)) return this.#measured(text, line);
    throw new HoconError(line, "Cannot put a list, an object and other values side by side");
  }

  #appended({ path, item, line }: Appended, { history, index }: Place): JsonValue {
    const list = this.#said(history.slice(0, index)) ?? this.#fallbackAt(path) ?? [];
    if (!Array.isArray(list)) throw new HoconError(line, "Cannot append with += to a value that is not a list");
    const value = this.#value([item], 0);
    return this.#measured(value === undefined ? list : [...list, value], line);
  }

  #fallbackAt(path: KeyPath | undefined): JsonValue | undefined {
    if (path === undefined) return undefined;
    const object = path.above === undefined ? this.#fallback : this.#fallbackAt(path.above);
    return isObject(object) ? valueAt(object, path.keys) : undefined;
  }

  /** Merges objects as `withFallback` does for two, later ones over earlier ones, in one pass of linear cost. */
  #merged(objects: readonly JsonObject[], line: number): JsonObject {
    const [first, ...others] = objects;
    if (first !== undefined && others.length === 0) return first;
    const said = new Map<string, JsonValue[]>();
    for (const object of objects) {
      this.#spend(this.#extent(object).size, line);
      for (const [key, value] of Object.entries(object)) {
        const before = said.get(key);
        if (before !== undefined && isObject(value) && isObject(before.at(-1))) before.push(value);
        else said.set(key, [value]);
      }
    }
    const merged = createObject();
    for (const [key, values] of said) {
      const value = values.length > 1 && values.every(isObject) ? this.#merged(values, line) : values.at(-1);
      if (value !== undefined) merged[key] = value;
    }
    return this.#measured(merged, line);
  }

  #measured<Value extends JsonValue>(value: Value, line: number): Value {
    const { size, depth, values } = this.#extent(value);
    if (depth > MAX_DEPTH) throw tooDeep(line);
    if (values > MAX_VALUES) throw tooManyValues(line);
    if (size > MAX_SIZE) throw tooLarge(line);
    this.#spend(typeof value === "object" && value !== null ? Object.keys(value).length : size, line);
    return value;
  }

  #spend(work: number, line: number): void {
    this.#work += work;
    if (this.#work > MAX_WORK) throw tooLarge(line);
  }

  #extent(value: JsonValue): Extent {
    if (typeof value === "string") return { size: value.length + 1, depth: 0, values: 1 };
    if (typeof value !== "object" || value === null) return { size: 1, depth: 0, values: 1 };
    const known = this.#extents.get(value);
    if (known !== undefined) return known;
    let size = 1;
    let depth = 0;
    let values = 1;
    const isList = Array.isArray(value);
    for (const [key, member] of Object.entries(value)) {
      const inner = this.#extent(member);
      size += inner.size + key.length;
      values += inner.values + (isList ? 0 : 1);
      depth = Math.max(depth, inner.depth);
    }
    const extent = { size, depth: depth + 1, values };
    this.#extents.set(value, extent);
    return extent;
  }
}

function tooLarge(line: number): HoconError {
  return new HoconError(line, "Substitutions and += make the config too large");
}
