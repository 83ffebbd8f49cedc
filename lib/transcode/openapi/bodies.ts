import type { DescField, JsonObject } from "@bufbuild/protobuf";
import type { Binding } from "../annotation/binding.ts";
import { type Comments, commentName, withWords } from "./comments.ts";
import { celRulesOf, rulesOf, wordsOf } from "./rules.ts";
import type { Schemas } from "./schemas.ts";
import { BYTES } from "./well_known.ts";

/** Media types of bytes, by what carries them. */
export interface RawTypes {
  /** That a client may send: any other may be sent as well. */
  readonly request?: readonly string[] | undefined;
  /** That an answer may have; a wildcard where any other may come. */
  readonly response?: readonly string[] | undefined;
}

interface Deps {
  readonly schemas: Schemas;
  readonly comments: Comments;
}

/** The Request Body Object of a binding, less what its path carries; undefined for one without a body. */
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
  // A path carries fields of the body itself, or of the message that is the body.
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

/** The content of an answer; of streams, with the schema of each item: of the data of each event, and of each line. */
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
  // Generators take the first: a client that reads a whole stream at once gets its text, not one item.
  return {
    "text/event-stream": { schema: { type: "string", contentMediaType: "application/json", contentSchema: schema } },
    "application/x-ndjson": { schema },
  };
}
