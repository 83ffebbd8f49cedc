import type { JsonScalar, JsonValue } from "./json.ts";

/** A value as it was written. */
export type Syntax = Scalar | ArraySyntax | ObjectSyntax | Substitution | Concatenation | Appended | Resolved;

export interface Scalar {
  readonly type: "scalar";
  readonly value: JsonScalar;
  /** As it was written, which counts when it is part of a longer string (`1.0s`). */
  readonly text: string;
}

export interface ArraySyntax {
  readonly type: "array";
  readonly items: Syntax[];
  readonly line: number;
}

export interface ObjectSyntax {
  readonly type: "object";
  /** All that was said of a key, in order; later ones override, merge with or refer to the earlier. Never empty. */
  readonly fields: Map<string, Syntax[]>;
  readonly line: number;
}

/** `${path}`, or `${?path}`, which may be missing. */
export interface Substitution {
  readonly type: "substitution";
  readonly path: readonly string[];
  readonly isOptional: boolean;
  readonly line: number;
}

/** Values side by side on one line, and the blanks between them. */
export interface Concatenation {
  readonly type: "concatenation";
  readonly parts: readonly (Syntax | Blank)[];
  readonly line: number;
}

/** Counts between strings; between arrays or objects it does not. */
export interface Blank {
  readonly type: "blank";
  readonly text: string;
}

/** Keys from the root to a place. In parts, since there are as many as there are fields. */
export interface KeyPath {
  /** Absent: the root. */
  readonly above?: KeyPath;
  readonly keys: readonly string[];
}

/** `key += item`. */
export interface Appended {
  readonly type: "appended";
  /** Of the key; undefined inside a list, where no path leads to. */
  readonly path: KeyPath | undefined;
  readonly item: Syntax;
  readonly line: number;
}

/** A member of something that was known by then. */
export interface Resolved {
  readonly type: "resolved";
  readonly value: JsonValue;
}

/** Says one more thing of a key. Two objects become one. */
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
