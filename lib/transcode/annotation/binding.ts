import {
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  getOption,
  hasOption,
} from "@bufbuild/protobuf";
import { http } from "../../../proto/gen/es/google/api/annotations_pb.js";
import type { HttpRule } from "../../../proto/gen/es/google/api/http_pb.js";
import { HttpBodySchema } from "../../../proto/gen/es/google/api/httpbody_pb.js";
import { type FieldPath, resolveFieldPath } from "./fields.ts";
import type { Routable } from "./router.ts";
import { isSingleSegment, parseTemplate, type Template } from "./template.ts";

/** An HTTP method and path template of an RPC. */
export interface Binding extends Routable {
  readonly method: DescMethod;
  readonly variables: readonly BoundVariable[];
  readonly body: RequestBody;
  /** The field of the response that is the body; undefined: the whole response. */
  readonly responseField: DescField | undefined;
  /** Whether the response body is the bytes of a google.api.HttpBody. */
  readonly rawResponse: boolean;
  /** See `TranscoderOptions`. */
  readonly structLevels?: number | undefined;
}

export interface BoundVariable {
  readonly path: FieldPath;
  /** Index of its first segment. */
  readonly start: number;
  /** Index after its last segment; undefined: the end of the path. */
  readonly end: number | undefined;
  readonly single: boolean;
  /** Whether `%2F` in it is decoded to a slash. */
  readonly decodesSlashes?: boolean | undefined;
}

/** The content of the request body: nothing, JSON, or the bytes of a google.api.HttpBody; for the whole request or one field. */
export type RequestBody =
  | { readonly type: "none" }
  | { readonly type: "json" | "raw"; readonly field: DescField | undefined };

/** Reads the bindings of all methods with a `google.api.http` annotation. Throws an Error that names the invalid method. */
export function bindServices(services: readonly DescService[]): Binding[] {
  return services.flatMap((service) => service.methods.filter((method) => hasOption(method, http)).flatMap(bindMethod));
}

export function isHttpBody(desc: DescMessage | undefined): boolean {
  return desc?.typeName === HttpBodySchema.typeName;
}

function bindMethod(method: DescMethod): Binding[] {
  const rule = getOption(method, http);
  try {
    if (method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming") {
      throw new Error("REST does not support client streaming");
    }
    if (rule.additionalBindings.some((additional) => additional.additionalBindings.length > 0)) {
      throw new Error("additional_bindings cannot have additional_bindings");
    }
    return [rule, ...rule.additionalBindings].map((each) => bindRule(method, each));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot bind ${method.parent.typeName}.${method.name} to HTTP: ${reason}`, { cause });
  }
}

function bindRule(method: DescMethod, rule: HttpRule): Binding {
  const { httpMethod, path } = readPattern(rule);
  const template = parseTemplate(path);
  if (rule.body !== "" && (httpMethod === "GET" || httpMethod === "HEAD")) {
    throw new Error(`${httpMethod} has no body`);
  }
  const responseField = rule.responseBody === "" ? undefined : topField(method.output, rule.responseBody);
  return {
    name: `${method.parent.typeName}.${method.name}`,
    httpMethod,
    template,
    method,
    variables: bindVariables(method, template),
    body: bindBody(method, rule.body),
    responseField,
    rawResponse: isHttpBody(responseField === undefined ? method.output : singularMessage(responseField)),
  };
}

function readPattern({ pattern }: HttpRule): { httpMethod: string; path: string } {
  switch (pattern.case) {
    case "get":
    case "put":
    case "post":
    case "delete":
    case "patch":
      return { httpMethod: pattern.case.toUpperCase(), path: pattern.value };
    case "custom":
      return { httpMethod: pattern.value.kind.toUpperCase(), path: pattern.value.path };
    case undefined:
      throw new Error("a rule has no path");
    default:
      return pattern satisfies never;
  }
}

function bindVariables(method: DescMethod, template: Template): BoundVariable[] {
  return template.variables.map((variable) => {
    const path = resolveFieldPath(method.input, variable.fieldPath);
    if (path.field.fieldKind !== "scalar" && path.field.fieldKind !== "enum") {
      throw new Error(`{${path.name}} is not a singular scalar or enum field, so a path cannot carry it`);
    }
    const toEnd = template.segments[variable.end - 1]?.type === "rest";
    return {
      path,
      start: variable.start,
      end: toEnd ? undefined : variable.end,
      single: isSingleSegment(template, variable),
    };
  });
}

function bindBody(method: DescMethod, body: string): RequestBody {
  if (body === "") {
    return { type: "none" };
  }
  const field = body === "*" ? undefined : topField(method.input, body);
  const raw = isHttpBody(field === undefined ? method.input : singularMessage(field));
  return { type: raw ? "raw" : "json", field };
}

function topField(desc: DescMessage, name: string): DescField {
  const field = desc.fields.find((each) => each.name === name);
  if (field === undefined) {
    throw new Error(`${desc.typeName} has no field "${name}"`);
  }
  return field;
}

function singularMessage(field: DescField): DescMessage | undefined {
  return field.fieldKind === "message" ? field.message : undefined;
}
