/** The parts of a JSON schema that the page uses, with the messages of zod's rules. */
export interface Schema {
  readonly type?: string;
  /** A name that says more than the type: `path of a file`. */
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly $ref?: string;
  /** Messages of the rules that the schema adds to a type: `must be host:port`. */
  readonly rules?: readonly string[];
}

const PLURALS: Readonly<Record<string, string>> = { text: "texts", list: "lists", object: "objects", JSON: "JSON" };

const MUST_BE = /^(must be|expected) /;

/** Description of the expected value. */
export function printType(schema: Schema): string {
  const rule = schema.rules?.find((each) => MUST_BE.test(each));
  if (rule !== undefined) return rule.replace(MUST_BE, "");
  if (schema.title !== undefined) return schema.title;
  if (schema.anyOf !== undefined) return schema.anyOf.map(printType).join(" or ");
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return `one of ${schema.enum.map(code).join(", ")}`;
  switch (schema.type) {
    case "string":
      return printText(schema);
    case "integer":
      return `whole number${printRange({ ...schema, step: 1 })}`;
    case "number":
      return `number${printRange({ ...schema, step: 0 })}`;
    case "boolean":
      return "true or false";
    case "null":
      return "null";
    case "array":
      return `list${printEach(schema.items ?? {})}${schema.minItems ? ", not empty" : ""}`;
    case "object":
      return printObject(schema);
    default:
      return "JSON";
  }
}

/** A value as in the configuration file. Large numbers of bytes have their size in units. */
export function printValue(value: unknown): string {
  const mebibytes = typeof value === "number" ? value / 1024 ** 2 : 0;
  if (mebibytes >= 1024 && mebibytes % 1024 === 0) return `${code(value)} (${mebibytes / 1024} GiB)`;
  if (mebibytes >= 1 && Number.isInteger(mebibytes)) return `${code(value)} (${mebibytes} MiB)`;
  return code(value);
}

export function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}

function printText({ format, minLength = 0 }: Schema): string {
  if (format === "uri") return "URL";
  return minLength > 1 ? `text of at least ${minLength} characters` : "text";
}

function printObject({ properties, propertyNames, additionalProperties }: Schema): string {
  if (properties !== undefined || typeof additionalProperties !== "object") return "object";
  const name = propertyNames?.rules === undefined ? "" : `, each name ${printType(propertyNames)}`;
  return `object${printEach(additionalProperties)} by name${name}`;
}

/** Description of the entries of a container. */
function printEach(schema: Schema): string {
  const type = printType(schema);
  const plural = PLURALS[type.split(" ", 1)[0] ?? ""];
  return plural !== undefined && schema.rules === undefined
    ? ` of ${plural}${type.replace(/^\S+/, "").replace(/ by name$/, "")}`
    : `, each ${type}`;
}

function printRange(schema: Schema & { readonly step: number }): string {
  const { minimum, exclusiveMinimum, maximum, step } = schema;
  const least = exclusiveMinimum !== undefined && step > 0 ? exclusiveMinimum + step : minimum;
  const isBelow = least !== undefined && least > Number.MIN_SAFE_INTEGER;
  const isAbove = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (least !== undefined && isBelow) return isAbove ? `, ${least} to ${maximum}` : ` from ${least}`;
  const above = exclusiveMinimum === undefined ? "" : ` above ${exclusiveMinimum}`;
  return isAbove ? `${above}, at most ${maximum}` : above;
}
