import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";

/** A message of descriptor.proto on a path of source info, without its types. */
type Descriptor = Readonly<Record<string, unknown>> & { readonly name?: string };

/** Fields of descriptor.proto that lead to what has a name, by the message that they are in. */
const STEPS: Readonly<Record<string, Readonly<Record<number, readonly [name: string, message: string]>>>> = {
  file: {
    4: ["messageType", "message"],
    5: ["enumType", "enum"],
    6: ["service", "service"],
    7: ["extension", "field"],
  },
  message: {
    2: ["field", "field"],
    3: ["nestedType", "message"],
    4: ["enumType", "enum"],
    8: ["oneofDecl", "oneof"],
  },
  enum: { 2: ["value", "value"] },
  service: { 2: ["method", "method"] },
};

/** The leading comments of a file's definitions, by full name. Enum values belong to their enum. */
export function readComments(file: FileDescriptorProto): [name: string, comment: string][] {
  return (file.sourceCodeInfo?.location ?? []).flatMap(({ path, leadingComments }) => {
    const name = leadingComments === "" ? undefined : nameAt(file, path);
    return name === undefined ? [] : [[name, unwrap(leadingComments)]];
  });
}

function nameAt(file: FileDescriptorProto, path: readonly number[]): string | undefined {
  const names = [file.package];
  let kind = "file";
  let at = file as unknown as Descriptor;
  for (let index = 0; index < path.length; index += 2) {
    const step = STEPS[kind]?.[path[index] ?? 0];
    const next = step && (at[step[0]] as readonly Descriptor[])[path[index + 1] ?? -1];
    if (step === undefined || next?.name === undefined) return undefined;
    names.push(next.name);
    kind = step[1];
    at = next;
  }
  return path.length === 0 ? undefined : names.join(".");
}

/** The lines of each paragraph as one. */
function unwrap(comment: string): string {
  return comment
    .split(/\n[ \t]*\n/)
    .map((paragraph) =>
      paragraph
        .split("\n")
        .map((line) => line.trim())
        .join(" ")
        .trim(),
    )
    .filter((paragraph) => paragraph !== "")
    .join("\n\n");
}
