import { decodeSegment } from "./percent.ts";

/** A path template of `google.api.http`, as specified in google/api/http.proto: `/v1/{name=shelves/*}/books/{book.id}:publish`. */
export interface Template {
  /** At least one. `rest` is the last one only. */
  readonly segments: readonly Segment[];
  /** By position. */
  readonly variables: readonly Variable[];
  /** Percent-decoded, without its colon; empty if there is none. */
  readonly verb: string;
}

export type Segment =
  /** Percent-decoded. */
  | { readonly type: "literal"; readonly text: string }
  /** `*`: one non-empty segment. */
  | { readonly type: "any" }
  /** `**`: the rest of the path, which may be empty. */
  | { readonly type: "rest" };

/** A part of the path that is the text of a field. */
export interface Variable {
  /** Proto names, outermost first. */
  readonly fieldPath: readonly string[];
  /** Index of its first segment. */
  readonly start: number;
  /** Index after its last segment. */
  readonly end: number;
}

const FIELD_PATH = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;
/** RFC 3986 `pchar` without `*` and `=`, which have a meaning in templates. */
const LITERAL = /^(?:[\w\-.~!$&'()+,;:@]|%[0-9A-Fa-f]{2})+$/;

/** Throws an Error that names the template and the problem. */
export function parseTemplate(text: string): Template {
  const segments: Segment[] = [];
  const variables: Variable[] = [];
  let at = 0;
  let verb = "";
  while (at < text.length) {
    if (text[at] === ":" && at > 0) {
      verb = literalText(text, text.slice(at + 1));
      break;
    }
    if (text[at] !== "/") {
      throw malformed(text, `expected "/" at position ${at}`);
    }
    at += 1;
    if (text[at] === "{") {
      const close = text.indexOf("}", at);
      if (close < 0) {
        throw malformed(text, `no "}" for the "{" at position ${at}`);
      }
      variables.push(parseVariable(text, text.slice(at + 1, close), segments));
      at = close + 1;
      continue;
    }
    const end = segmentEnd(text, at);
    segments.push(parseSegment(text, text.slice(at, end)));
    at = end;
  }
  checkShape(text, segments, variables);
  return { segments, variables, verb };
}

/** The canonical text of a template; parsing it yields the same template. */
export function printTemplate(template: Template): string {
  const starts = new Map(template.variables.map((variable) => [variable.start, variable]));
  let text = "";
  for (let index = 0; index < template.segments.length; ) {
    const variable = starts.get(index);
    const end = variable?.end ?? index + 1;
    const pattern = template.segments.slice(index, end).map(printSegment).join("/");
    text += variable === undefined ? `/${pattern}` : `/${printVariable(variable, pattern)}`;
    index = end;
  }
  return template.verb === "" ? text : `${text}:${printLiteral(template.verb)}`;
}

/** Whether a variable is exactly one segment, which determines its percent-decoding. */
export function isSingleSegment(template: Template, variable: Variable): boolean {
  return variable.end - variable.start === 1 && template.segments[variable.start]?.type !== "rest";
}

/** A colon in the last segment begins the verb; in any other it is part of the literal. */
function segmentEnd(text: string, at: number): number {
  const slash = text.indexOf("/", at);
  if (slash >= 0) {
    return slash;
  }
  const colon = text.indexOf(":", at);
  return colon < 0 ? text.length : colon;
}

function parseVariable(template: string, text: string, segments: Segment[]): Variable {
  const equals = text.indexOf("=");
  const fieldPath = equals < 0 ? text : text.slice(0, equals);
  if (!FIELD_PATH.test(fieldPath)) {
    throw malformed(template, `"${fieldPath}" is not a field path`);
  }
  const start = segments.length;
  const pattern = equals < 0 ? "*" : text.slice(equals + 1);
  for (const segment of pattern.split("/")) {
    segments.push(parseSegment(template, segment));
  }
  return { fieldPath: fieldPath.split("."), start, end: segments.length };
}

function parseSegment(template: string, text: string): Segment {
  if (text === "*") {
    return { type: "any" };
  }
  if (text === "**") {
    return { type: "rest" };
  }
  return { type: "literal", text: literalText(template, text) };
}

function literalText(template: string, text: string): string {
  const decoded = LITERAL.test(text) ? decodeSegment(text) : undefined;
  if (decoded === undefined) {
    throw malformed(template, `"${text}" is not a literal, "*", "**" or {variable}`);
  }
  return decoded;
}

function checkShape(text: string, segments: readonly Segment[], variables: readonly Variable[]): void {
  if (segments.length === 0) {
    throw malformed(text, "it has no segments");
  }
  const rest = segments.findIndex((segment) => segment.type === "rest");
  if (rest >= 0 && rest < segments.length - 1) {
    throw malformed(text, `"**" must be the last segment`);
  }
  const names = variables.map((variable) => variable.fieldPath.join("."));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw malformed(text, `it has {${twice}} twice`);
  }
}

function malformed(template: string, reason: string): Error {
  return new Error(`Cannot parse path template "${template}": ${reason}`);
}

function printVariable(variable: Variable, pattern: string): string {
  const fieldPath = variable.fieldPath.join(".");
  return pattern === "*" ? `{${fieldPath}}` : `{${fieldPath}=${pattern}}`;
}

function printSegment(segment: Segment): string {
  switch (segment.type) {
    case "literal":
      return printLiteral(segment.text);
    case "any":
      return "*";
    case "rest":
      return "**";
    default:
      return segment satisfies never;
  }
}

function printLiteral(text: string): string {
  return encodeURIComponent(text).replaceAll("*", "%2A");
}
