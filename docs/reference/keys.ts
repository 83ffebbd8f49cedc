import { z } from "zod";
import { printType, printValue, type Schema } from "./types.ts";

/** A key of the configuration. */
export interface Key {
  readonly path: string;
  readonly type: string;
  /** Empty for an optional key. */
  readonly default: string;
  readonly meaning: string;
}

/** A group of keys: a table of the page. */
export interface KeyGroup {
  readonly path: string;
  readonly meaning: string;
  readonly keys: readonly Key[];
  /** Rules between the keys. */
  readonly rules: readonly string[];
}

/** The keys of a section. Each nested object is a further group. */
export function describeSection(path: string, zodSchema: z.ZodType): KeyGroup[] {
  const schema = toSchema(zodSchema);
  const inner = Object.entries(schema.properties ?? {}).filter(([, each]) => each.properties !== undefined);
  const own = new Set(inner.map(([name]) => name));
  const keys = keysBelow(schema, path, (name) => !own.has(name));
  return [
    { path, meaning: schema.description ?? "", keys, rules: schema.rules ?? [] },
    ...inner.map(([name, each]): KeyGroup => {
      const innerPath = join(path, name);
      const innerKeys = keysBelow(each, innerPath, () => true);
      return { path: innerPath, meaning: each.description ?? "", keys: innerKeys, rules: each.rules ?? [] };
    }),
  ];
}

function keysBelow(schema: Schema, path: string, isWanted: (name: string) => boolean): Key[] {
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => isWanted(name))
    .flatMap(([name, each]) => {
      const isRequired = schema.required?.includes(name) ?? false;
      return keysOf(each, join(path, name), isRequired);
    });
}

/** A key, and the keys of objects that it may hold. */
function keysOf(schema: Schema, path: string, isRequired: boolean): Key[] {
  const isGroup = schema.properties !== undefined && Object.keys(schema.properties).length > 0;
  const given = schema.default === undefined || isGroup ? "" : printValue(schema.default);
  const key: Key = {
    ...{ path, type: printType(schema), default: isRequired ? "required" : given },
    meaning: [schema.description ?? "", ...(isGroup ? (schema.rules ?? []) : [])]
      .filter((text) => text !== "")
      .join("; "),
  };
  return [key, ...heldBy(schema).flatMap(([suffix, held]) => keysBelow(held, `${path}${suffix}`, () => true))];
}

/** Objects that a value may hold, with the suffix of their path. */
function heldBy({ properties, items, anyOf, additionalProperties, ...rest }: Schema): (readonly [string, Schema])[] {
  if (properties !== undefined) return [["", { properties, ...rest }]];
  if (items !== undefined) return heldBy(items).map(([suffix, held]) => [`[]${suffix}`, held]);
  if (anyOf !== undefined) return anyOf.flatMap(heldBy);
  if (typeof additionalProperties !== "object") return [];
  return heldBy(additionalProperties).map(([suffix, held]) => [`.NAME${suffix}`, held]);
}

/** Allowed values of a schema, with the messages of its rules. */
function toSchema(zodSchema: z.ZodType): Schema {
  return z.toJSONSchema(zodSchema, {
    ...{ io: "input", unrepresentable: "any" },
    override({ zodSchema: { _zod }, jsonSchema }) {
      const rules = (_zod.def.checks ?? []).flatMap((check) => {
        const { def } = check._zod;
        const path = "path" in def && Array.isArray(def.path) ? def.path : [];
        const message = (def.error as ((issue: object) => unknown) | undefined)?.({});
        return typeof message === "string" ? [[...path, message].join(": ")] : [];
      });
      if (rules.length > 0) Object.assign(jsonSchema, { rules });
    },
  }) as Schema;
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
