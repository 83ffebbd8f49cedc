import type { Binding } from "../annotation/binding.ts";
import type { Variable } from "../annotation/template.ts";

/** A parameter of a path: one segment of it. */
export interface PathParameter {
  readonly name: string;
  /** Whether it has the name of another binding's variable. */
  readonly isRenamed: boolean;
  /** The variable that it carries, or a piece of which it carries; undefined for a wildcard outside of variables. */
  readonly variable: Variable | undefined;
  /** Whether it is all that the variable has. */
  readonly isWhole: boolean;
  /** `**`. */
  readonly isRest: boolean;
}

/** A path template as OpenAPI has it, where a parameter is one segment: `/v1/{name=shelves/*}` becomes `/v1/shelves/{name}`. */
export interface OpenApiPath {
  readonly text: string;
  readonly parameters: readonly PathParameter[];
}

/**
 * Prints paths. To OpenAPI those that differ in the names of their parameters only are the same, so that the first of them gives the names, and
 * many tools take no other characters than letters, digits, `_` and `-` in these: `{job.context}` becomes `{job_context}`.
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

/** Of a variable with several wildcards `name_1`, `name_2`. */
function parameterName(template: Template, index: number): string {
  const variable = variableAt(template, index);
  if (variable === undefined) return `segment_${index + 1}`;
  const name = variable.fieldPath.join("_");
  const indexes = template.segments.flatMap((segment, at) =>
    segment.type !== "literal" && variable.start <= at && at < variable.end ? [at] : [],
  );
  return indexes.length === 1 ? name : `${name}_${indexes.indexOf(index) + 1}`;
}

/** `{a.b}` and `{a_b}` of one template get different names. */
function unique(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let number = 2; taken.has(free); number++) free = `${name}_${number}`;
    taken.add(free);
    return free;
  });
}
