import type { DescField, JsonObject } from "@bufbuild/protobuf";
import type { Binding } from "../annotation/binding.ts";
import { type Comments, commentName, withWords } from "./comments.ts";
import { celRulesOf, rulesOf, wordsOf } from "./rules.ts";
import type { Schemas } from "./schemas.ts";
import { BYTES } from "./well_known.ts";

/** Media types of raw bytes. */
export interface RawTypes {
  /** Types that a client may send; others are accepted as well. */
  readonly request?: readonly string[] | undefined;
  /** Types of a response; a wildcard if any other is possible. */
  readonly response?: readonly string[] | undefined;
}

interface Deps {
  readonly schemas: Schemas;
  readonly comments: Comments;
}

/** The Request Body Object of a binding, without the fields in its path; undefined for one without a body. */
export function requestBody(
  { schemas, comments }: Deps,
  { body, method, variables }: Binding,
  { request: rawTypes = [OCTETS] }: RawTypes,
): JsonObject | undefined {
  if (body.type === "none") return undefined;
  const { field } = body;
  const isRequired = field === undefined ? undefined : schemas.isRequired(field);
  if (body.type === "raw") {
    const words = field === undefined ? [] : celRulesOf(rulesOf(field)).map(wordsOf);
    const description = withWords(field && comments.about(commentName(field)), words);
    const content = Object.fromEntries(rawTypes.map((type) => [type, { schema: BYTES }]));
    return { ...(description !== undefined && { description }), required: isRequired ?? true, content };
  }
  // The path carries fields of the whole request, or of the message that is the body.
  const depth = field === undefined ? 0 : 1;
  const bound = variables.flatMap(({ path }): DescField[] => {
    const isInside = path.parents.length === depth && (field === undefined || path.parents[0] === field);
    return isInside ? [path.field] : [];
  });
  const message = field === undefined ? method.input : field.fieldKind === "message" ? field.message : undefined;
  const { description, ...own } = field === undefined ? {} : schemas.field(field);
  const schema = message === undefined || bound.length === 0 ? undefined : schemas.messageWithout(message, bound);
  const needed = message?.fields.some((each) => !bound.includes(each) && schemas.isRequired(each)) ?? false;
  return {
    ...(description !== undefined && { description }),
    required: isRequired ?? needed,
    content: { "application/json": { schema: schema ?? (field === undefined ? schemas.message(method.input) : own) } },
  };
}

const OCTETS = "application/octet-stream";

/** The content of a response; for streams, with the schema of each item: the data of an event, or a line. */
export function responseContent(
  { schemas }: Pick<Deps, "schemas">,
  { method, rawResponse, responseField }: Binding,
  { response: rawTypes = [OCTETS, "*/*"] }: RawTypes,
): JsonObject {
  if (rawResponse) {
    return Object.fromEntries(rawTypes.map((type) => [type, { schema: type === "*/*" ? {} : BYTES }]));
  }
  const schema = responseField === undefined ? schemas.message(method.output) : schemas.field(responseField);
  if (method.methodKind !== "server_streaming") return { "application/json": { schema } };
  // Generators use the first one: a client that reads a whole stream at once gets its text, not one item.
  return {
    "text/event-stream": { schema: { type: "string", contentMediaType: "application/json", contentSchema: schema } },
    "application/x-ndjson": { schema },
  };
}
