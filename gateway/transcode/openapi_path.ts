import type { JsonObject } from "@bufbuild/protobuf";
import type { Binding } from "./binding.ts";
import type { Variable } from "./template.ts";

/** A Parameter Object. */
export type PathParameter = JsonObject & { readonly name: string };

export interface OpenApiPath {
  readonly text: string;
  readonly parameters: readonly PathParameter[];
  /** The text without the names of its parameters. */
  readonly shape: string;
}

/**
 * A path template as OpenAPI has it, where a parameter is one segment: `/v1/{name=shelves/*}` becomes `/v1/shelves/{name}`, and a
 * variable with several wildcards several parameters, `{name_1}`, `{name_2}`.
 */
export function printPath({ template }: Binding): OpenApiPath {
  const parameters: PathParameter[] = [];
  const segments = template.segments.map((segment, index) => {
    if (segment.type === "literal") {
      return encodeURIComponent(segment.text);
    }
    const variable = template.variables.find(({ start, end }) => start <= index && index < end);
    const name = variable === undefined ? `segment_${index + 1}` : parameterName({ template }, variable, index);
    const description = segment.type === "rest" ? { description: "May contain slashes." } : {};
    parameters.push({ name, in: "path", required: true, ...description, schema: { type: "string" } });
    return `{${name}}`;
  });
  const verb = template.verb === "" ? "" : `:${encodeURIComponent(template.verb)}`;
  const text = `/${segments.join("/")}${verb}`;
  return { text, parameters, shape: text.replaceAll(/\{[^}]*\}/g, "{}") };
}

function parameterName({ template }: Pick<Binding, "template">, variable: Variable, index: number): string {
  const name = variable.fieldPath.join(".");
  const isWild = (at: number) => template.segments[at]?.type !== "literal";
  const wild = Array.from({ length: variable.end - variable.start }, (_, offset) => variable.start + offset).filter(
    isWild,
  );
  return wild.length === 1 ? name : `${name}_${wild.indexOf(index) + 1}`;
}
