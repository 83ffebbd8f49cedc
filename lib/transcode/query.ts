import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Binding } from "./annotation/binding.ts";
import { type FieldPath, resolveFieldPath, setTextAt } from "./annotation/fields.ts";
import { decodeQueryPart } from "./annotation/percent.ts";
import { decoding, invalidArgument } from "./http/errors.ts";

/**
 * Sets the request fields of query parameters (without `?`), except those in the path or the body. Throws InvalidArgument that names the
 * parameter.
 */
export function readQuery(binding: Binding, request: ReflectMessage, query: string): void {
  const seen = new Set<string>();
  for (const parameter of query.split("&")) {
    if (parameter !== "") {
      readParameter(binding, request, { parameter, seen });
    }
  }
}

function readParameter(
  binding: Binding,
  request: ReflectMessage,
  { parameter, seen }: { parameter: string; seen: Set<string> },
): void {
  const equals = parameter.indexOf("=");
  const name = decodeQueryPart(equals < 0 ? parameter : parameter.slice(0, equals));
  const value = decodeQueryPart(equals < 0 ? "" : parameter.slice(equals + 1));
  if (name === undefined || value === undefined) {
    throw invalidArgument(`Cannot read query parameter "${parameter}": it is not percent-encoded UTF-8`);
  }
  const subject = `Cannot read query parameter "${name}"`;
  const path = decoding(subject, () => resolveFieldPath(request.desc, name.split(".")));
  const elsewhere = carrier(binding, path);
  if (elsewhere !== undefined) {
    throw invalidArgument(`${subject}: the ${elsewhere} carries that field`);
  }
  if (path.field.fieldKind !== "list" && seen.has(path.name)) {
    throw invalidArgument(`${subject}: it is given more than once`);
  }
  seen.add(path.name);
  decoding(subject, () => setTextAt(request, path, value));
}

/** The other carrier of a field, if there is one. */
function carrier(binding: Binding, path: FieldPath): "path" | "body" | undefined {
  if (binding.variables.some((variable) => variable.path.name === path.name)) {
    return "path";
  }
  if (binding.body.type === "none") {
    return undefined;
  }
  const top = path.parents[0] ?? path.field;
  return binding.body.field === undefined || binding.body.field === top ? "body" : undefined;
}
