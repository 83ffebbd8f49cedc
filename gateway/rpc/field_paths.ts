import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";

/** A field of a message or of one within it: the fields to go through, the last of which is the field, and what was found about it. */
export interface FieldPath<Found> {
  readonly fields: readonly DescField[];
  readonly found: Found;
}

/**
 * Paths of the fields about which `find` knows something: those of the message itself, and of messages that are single fields of it. Lists and
 * maps of messages are left out.
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

/** The value at the end of a path; undefined where a message on the way is absent. Read without reflection: each call that passes the gate is. */
export function valueAt(message: Message, fields: readonly DescField[]): unknown {
  return fields.reduce<unknown>(
    (outer, { localName }) => (typeof outer === "object" && outer !== null ? Reflect.get(outer, localName) : undefined),
    message,
  );
}
