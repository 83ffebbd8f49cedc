import type { DescMessage } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";

/** Messages and those that they contain, at any depth; without well-known types that have a special JSON form. */
export function messagesIn(roots: readonly DescMessage[]): DescMessage[] {
  const found = new Set<DescMessage>();
  const visit = (desc: DescMessage | undefined): void => {
    if (desc === undefined || found.has(desc) || hasOwnForm(desc)) return;
    found.add(desc);
    for (const field of desc.fields) visit(field.message);
  };
  for (const root of roots) visit(root);
  return [...found];
}

/** Whether the JSON form of a message is something other than an object with its fields. */
export function hasOwnForm(desc: DescMessage): boolean {
  return isWrapperDesc(desc) || desc.typeName.startsWith("google.protobuf.") || desc.typeName === "google.api.HttpBody";
}
