import type { DescFile } from "@bufbuild/protobuf";
import type { DescriptorProto, EnumDescriptorProto, FileDescriptorProto } from "@bufbuild/protobuf/wkt";

/** An extension by the type that it extends and its number. */
export interface ExtensionKey {
  readonly extendee: string;
  readonly number: number;
}

/** The declarations in a set of files, by name. Names are fully qualified, without a leading dot. */
export interface SymbolIndex {
  /** The file that declares a message, field, oneof, enum, enum value, extension, service or method. */
  readonly fileOf: (symbol: string) => DescFile | undefined;
  readonly fileOfExtension: (key: ExtensionKey) => DescFile | undefined;
  /** Numbers of the extensions of a message, ascending; undefined if there is no such message. */
  readonly extensionNumbers: (typeName: string) => readonly number[] | undefined;
}

/** Indexes the declarations of these files. */
export function indexSymbols(files: Iterable<DescFile>): SymbolIndex {
  const bySymbol = new Map<string, DescFile>();
  const messages = new Set<string>();
  const extensions = new Map<string, Map<number, DescFile>>();
  for (const file of files) {
    for (const { name, messageName, extension } of declarationsIn(file.proto)) {
      bySymbol.set(name, file);
      if (messageName !== undefined) messages.add(messageName);
      if (extension === undefined) continue;
      const numbers = extensions.get(extension.extendee) ?? new Map<number, DescFile>();
      extensions.set(extension.extendee, numbers.set(extension.number, file));
    }
  }
  return {
    fileOf: (symbol) => bySymbol.get(symbol),
    fileOfExtension: ({ extendee, number }) => extensions.get(extendee)?.get(number),
    extensionNumbers(typeName) {
      if (!messages.has(typeName)) return undefined;
      return [...(extensions.get(typeName)?.keys() ?? [])].sort((a, b) => a - b);
    },
  };
}

interface Declaration {
  readonly name: string;
  /** Its name, if it is a message. */
  readonly messageName?: string;
  readonly extension?: ExtensionKey;
}

function* declarationsIn(file: FileDescriptorProto): Generator<Declaration> {
  const prefix = file.package === "" ? "" : `${file.package}.`;
  for (const message of file.messageType) yield* declarationsOf(message, prefix);
  for (const each of file.enumType) yield* valuesOf(each, prefix);
  yield* extensionsIn(file, prefix);
  for (const service of file.service) {
    yield { name: `${prefix}${service.name}` };
    for (const method of service.method) yield { name: `${prefix}${service.name}.${method.name}` };
  }
}

function* declarationsOf(message: DescriptorProto, outer: string): Generator<Declaration> {
  const name = `${outer}${message.name}`;
  yield { name, messageName: name };
  for (const each of [...message.field, ...message.oneofDecl]) yield { name: `${name}.${each.name}` };
  for (const each of message.enumType) yield* valuesOf(each, `${name}.`);
  yield* extensionsIn(message, `${name}.`);
  for (const nested of message.nestedType) yield* declarationsOf(nested, `${name}.`);
}

/** Enum values are siblings of their enum. */
function* valuesOf({ name, value }: EnumDescriptorProto, outer: string): Generator<Declaration> {
  yield { name: `${outer}${name}` };
  for (const each of value) yield { name: `${outer}${each.name}` };
}

function* extensionsIn({ extension }: Pick<FileDescriptorProto, "extension">, outer: string): Generator<Declaration> {
  for (const { name, extendee, number } of extension) {
    // Compilers write type names with a leading dot.
    yield { name: `${outer}${name}`, extension: { extendee: extendee.replace(/^\./, ""), number } };
  }
}
