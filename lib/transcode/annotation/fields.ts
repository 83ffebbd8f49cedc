import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { hasTextForm, setText } from "./text_values.ts";

/** Path from a message to one of its fields, or to a field of a message within: all but the last are singular messages. */
export interface FieldPath {
  readonly parents: readonly (DescField & { fieldKind: "message" })[];
  readonly field: DescField;
  /** Proto names joined by dots. */
  readonly name: string;
}

/** Resolves a path of proto names or JSON names. Throws an Error that names the invalid part. */
export function resolveFieldPath(desc: DescMessage, names: readonly string[]): FieldPath {
  const parents: (DescField & { fieldKind: "message" })[] = [];
  let owner = desc;
  for (const name of names.slice(0, -1)) {
    const parent = findField(owner, name);
    if (parent.fieldKind !== "message" || hasTextForm(parent.message)) {
      throw new Error(`${parent} is not a singular message, so a URL cannot set its fields`);
    }
    parents.push(parent);
    owner = parent.message;
  }
  const field = findField(owner, names[names.length - 1] ?? "");
  return { parents, field, name: [...parents, field].map((part) => part.name).join(".") };
}

/** Sets the field at the path from text, creating the messages on the way. Throws an Error that describes the problem. */
export function setTextAt(root: ReflectMessage, path: FieldPath, text: string): void {
  let message = root;
  for (const parent of path.parents) {
    if (!message.isSet(parent)) {
      refuseSecondMember(message, parent);
      message.set(parent, reflect(parent.message));
    }
    message = message.get(parent);
  }
  refuseSecondMember(message, path.field);
  setText(message, path.field, text);
}

function refuseSecondMember(message: ReflectMessage, field: DescField): void {
  const present = field.oneof && message.oneofCase(field.oneof);
  if (present !== undefined && present !== field) {
    throw new Error(`${field.name} excludes ${present.name}, which is set as well`);
  }
}

const fieldsByName = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

/** The field with a proto name or JSON name. */
export function fieldNamed(desc: DescMessage, name: string): DescField | undefined {
  return namesOf(desc).get(name);
}

function findField(desc: DescMessage, name: string): DescField {
  const field = fieldNamed(desc, name);
  if (field === undefined) {
    throw new Error(`${desc.typeName} has no field "${name}"`);
  }
  return field;
}

function namesOf(desc: DescMessage): ReadonlyMap<string, DescField> {
  const present = fieldsByName.get(desc);
  if (present !== undefined) {
    return present;
  }
  const names = new Map(
    desc.fields.flatMap((field) => [
      [field.name, field],
      [field.jsonName, field],
    ]),
  );
  fieldsByName.set(desc, names);
  return names;
}
