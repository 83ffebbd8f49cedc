import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";

/**
 * Path from a message to one of its fields, or to a field of a message within it; the last field is the target. `found` is what `find`
 * returned for it.
 */
export interface FieldPath<Found> {
  readonly fields: readonly DescField[];
  readonly found: Found;
}

/**
 * Paths of the fields for which `find` returns something: fields of the message itself, and of messages in its singular fields. Omits lists
 * and maps of messages.
 */
export function findFieldPaths<Found>(
  desc: DescMessage,
  find: (field: DescField) => Found | undefined,
  outer: readonly DescField[] = [],
): FieldPath<Found>[] {
  return desc.fields.flatMap((field): FieldPath<Found>[] => {
    const fields = [...outer, field];
    if (field.fieldKind === "message" && field.message.file.proto.package === desc.file.proto.package) {
      const isNested = outer.some((each) => each.message === field.message);
      return !isNested ? findFieldPaths(field.message, find, fields) : [];
    }
    const found = find(field);
    return found === undefined ? [] : [{ fields, found }];
  });
}

/**
 * The value at the end of a path; undefined if a message on the path is absent. Reads without reflection, because it runs for every
 * authorized call.
 */
export function valueAt(message: Message, fields: readonly DescField[]): unknown {
  return fields.reduce<unknown>(
    (outer, { localName }) => (typeof outer === "object" && outer !== null ? Reflect.get(outer, localName) : undefined),
    message,
  );
}
