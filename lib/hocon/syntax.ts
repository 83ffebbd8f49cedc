import type { JsonScalar, JsonValue } from "./json.ts";

/** A value as written. */
export type Syntax = Scalar | ArraySyntax | ObjectSyntax | Substitution | Concatenation | Appended | Resolved;

export interface Scalar {
  readonly type: "scalar";
  readonly value: JsonScalar;
  /** The notation, which matters in a longer string (`1.0s`). */
  readonly text: string;
}

export interface ArraySyntax {
  readonly type: "array";
  readonly items: Syntax[];
  readonly line: number;
}

export interface ObjectSyntax {
  readonly type: "object";
  /** The history of each key, in order; later values override, merge with or refer to earlier ones. Never empty. */
  readonly fields: Map<string, Syntax[]>;
  readonly line: number;
}

/** `${path}`, or the optional `${?path}`. */
export interface Substitution {
  readonly type: "substitution";
  readonly path: readonly string[];
  readonly isOptional: boolean;
  readonly line: number;
}

/** Adjacent values on one line, and the blanks between them. */
export interface Concatenation {
  readonly type: "concatenation";
  readonly parts: readonly (Syntax | Blank)[];
  readonly line: number;
}

/** Matters between strings, but not between arrays or objects. */
export interface Blank {
  readonly type: "blank";
  readonly text: string;
}

/** Keys from the root to a value, as a linked list, because there are as many paths as fields. */
export interface KeyPath {
  /** Undefined: the root. */
  readonly above?: KeyPath;
  readonly keys: readonly string[];
}

/** `key += item`. */
export interface Appended {
  readonly type: "appended";
  /** Path of the key; undefined inside a list, which no path leads to. */
  readonly path: KeyPath | undefined;
  readonly item: Syntax;
  readonly line: number;
}

/** A member of a value that is already resolved. */
export interface Resolved {
  readonly type: "resolved";
  readonly value: JsonValue;
}

/** Adds a value to the history of a key. Merges two objects. */
export function addField(object: ObjectSyntax, key: string, value: Syntax): void {
  const said = object.fields.get(key);
  const last = said?.at(-1);
  if (said === undefined || value.type === "scalar") {
    object.fields.set(key, [value]);
  } else if (last?.type === "object" && value.type === "object") {
    for (const [name, values] of value.fields) for (const inner of values) addField(last, name, inner);
  } else {
    said.push(value);
  }
}
