import type { Binding } from "../annotation/binding.ts";
import type { Variable } from "../annotation/template.ts";

/** A path parameter: one segment. */
export interface PathParameter {
  readonly name: string;
  /** Whether it has the name of another binding's variable. */
  readonly isRenamed: boolean;
  /** The variable that it is, or is a part of; undefined for a wildcard outside of variables. */
  readonly variable: Variable | undefined;
  /** Whether it is the whole variable. */
  readonly isWhole: boolean;
  /** `**`. */
  readonly isRest: boolean;
}

/** A path template in OpenAPI syntax, where a parameter is one segment: `/v1/{name=shelves/*}` becomes `/v1/shelves/{name}`. */
export interface OpenApiPath {
  readonly text: string;
  readonly parameters: readonly PathParameter[];
}

/**
 * Creates a printer of paths. OpenAPI considers paths equal that differ only in parameter names, so the first of them determines the names.
 * Many tools accept only letters, digits, `_` and `-` in names: `{job.context}` becomes `{job_context}`.
 */
export function createPathPrinter(): (binding: Binding) => OpenApiPath {
  const namesByShape = new Map<string, readonly string[]>();
  return ({ template }) => {
    const wildcards = template.segments.flatMap((segment, index) => (segment.type === "literal" ? [] : [index]));
    const print = (names: readonly string[]): string => {
      const segments = template.segments.map((segment, index) =>
        segment.type === "literal" ? encodeURIComponent(segment.text) : `{${names[wildcards.indexOf(index)]}}`,
      );
      return `/${segments.join("/")}${template.verb === "" ? "" : `:${encodeURIComponent(template.verb)}`}`;
    };
    const shape = print(wildcards.map(() => ""));
    const own = unique(wildcards.map((index) => parameterName(template, index)));
    const names = namesByShape.get(shape) ?? own;
    namesByShape.set(shape, names);
    const parameters = wildcards.map((index, position): PathParameter => {
      const variable = variableAt(template, index);
      return {
        name: names[position] ?? "",
        isRenamed: names[position] !== own[position],
        variable,
        isWhole: variable !== undefined && variable.end - variable.start === 1,
        isRest: template.segments[index]?.type === "rest",
      };
    });
    return { text: print(names), parameters };
  };
}

type Template = Binding["template"];

function variableAt({ variables }: Template, index: number): Variable | undefined {
  return variables.find(({ start, end }) => start <= index && index < end);
}

/** `name_1`, `name_2` for a variable with several wildcards. */
function parameterName(template: Template, index: number): string {
  const variable = variableAt(template, index);
  if (variable === undefined) return `segment_${index + 1}`;
  const name = variable.fieldPath.join("_");
  const indexes = template.segments.flatMap((segment, at) =>
    segment.type !== "literal" && variable.start <= at && at < variable.end ? [at] : [],
  );
  return indexes.length === 1 ? name : `${name}_${indexes.indexOf(index) + 1}`;
}

/** Gives `{a.b}` and `{a_b}` of one template different names. */
function unique(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let number = 2; taken.has(free); number++) free = `${name}_${number}`;
    taken.add(free);
    return free;
  });
}
