/** A class file is not readable. */
export class ClassFileError extends Error {
  override readonly name = "ClassFileError";
}

/** The part of a class file before its fields and methods. Names are as in the JVM: `java/lang/Object`. */
export interface ClassHeader {
  readonly name: string;
  /** Undefined for `java/lang/Object`, and for files that are not a class, such as a module. */
  readonly superName: string | undefined;
  readonly interfaces: readonly string[];
  /** See `ACCESS`. */
  readonly access: number;
  /** 52 is Java 8, 61 is Java 17. */
  readonly majorVersion: number;
  /** Version of the Scala signature in the class: 5.0 for Scala 2.12 and older, 5.2 for 2.13. Undefined without one. */
  readonly signatureMinor: number | undefined;
}

/** Flags of `ClassHeader.access`. */
export const ACCESS = { public: 0x0001, interface: 0x0200, abstract: 0x0400, module: 0x8000 } as const;

const MAGIC = 0xcafebabe;

/** Size of a constant after its tag, in bytes (JVM specification, table 4.4-B); a text follows its length. */
const CONSTANT_BYTES: readonly (number | undefined)[] = Object.assign(new Array<number | undefined>(21), {
  ...{ 1: 2, 3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2 },
});
const UTF8 = 1;
const LONG = 5;
const DOUBLE = 6;
const CLASS = 7;

/** Maximum length of a class name, in bytes. Compilers stay far below it; the format allows 65535, repeated for every interface. */
const MOST_NAME_BYTES = 1024;
const MOST_INTERFACES = 500;

/** Offsets of the constants of the current class, shared: one class is read at a time, and this is the largest possible pool. */
const offsets = new Uint32Array(0x10000);

/** Reads the header of a class file (JVM specification, section 4.1). Throws a ClassFileError. */
export function readClassHeader(content: Uint8Array): ClassHeader {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  need(bytes, 0, 10);
  if (bytes.readUInt32BE(0) !== MAGIC)
    throw new ClassFileError("it does not begin with the magic number of a class file");
  const majorVersion = bytes.readUInt16BE(6);
  const { count, end, signatureMinor } = readPool(bytes);
  need(bytes, end, 8);
  const access = bytes.readUInt16BE(end);
  const name = classAt(bytes, bytes.readUInt16BE(end + 2), count);
  const superIndex = bytes.readUInt16BE(end + 4);
  const superName = superIndex === 0 ? undefined : classAt(bytes, superIndex, count);
  const interfaceCount = bytes.readUInt16BE(end + 6);
  if (interfaceCount > MOST_INTERFACES) throw new ClassFileError(`it has more than ${MOST_INTERFACES} interfaces`);
  need(bytes, end + 8, 2 * interfaceCount);
  const interfaces = Array.from({ length: interfaceCount }, (_, index) =>
    classAt(bytes, bytes.readUInt16BE(end + 8 + 2 * index), count),
  );
  return { name, superName, interfaces, access, majorVersion, signatureMinor };
}

interface Pool {
  readonly count: number;
  /** End of the constant pool. */
  readonly end: number;
  readonly signatureMinor: number | undefined;
}

function readPool(bytes: Buffer): Pool {
  const count = bytes.readUInt16BE(8);
  let at = 10;
  let signatureMinor: number | undefined;
  for (let index = 1; index < count; index++) {
    need(bytes, at, 3);
    const tag = bytes.readUInt8(at);
    const sizeBytes = CONSTANT_BYTES[tag];
    if (sizeBytes === undefined) throw new ClassFileError(`it has a constant of the unknown kind ${tag}`);
    offsets[index] = at;
    const textBytes = tag === UTF8 ? bytes.readUInt16BE(at + 1) : 0;
    if (textBytes >= SIGNATURE_BYTES) signatureMinor ??= signatureVersion(bytes, at + 3);
    at += 1 + sizeBytes + textBytes;
    need(bytes, at, 0);
    if (tag !== LONG && tag !== DOUBLE) continue;
    // These constants take two indexes; the second one is unused.
    index += 1;
    if (index < count) offsets[index] = 0;
  }
  const isSigned = signatureMinor !== undefined && bytes.subarray(0, at).includes(SIGNATURE_ANNOTATION);
  return { count, end: at, signatureMinor: isSigned ? signatureMinor : undefined };
}

/** Prefix of the types of the two annotations with a signature. */
const SIGNATURE_ANNOTATION = "Lscala/reflect/Scala";

/** Minimum length of a text that may be a signature. */
const SIGNATURE_BYTES = 8;

/**
 * The minor version if a text is a Scala signature of version 5. Its bytes are encoded as groups of 7 bits, the lowest first, each plus
 * one, so that 5.0 begins with 06 01, and 5.2 with 06 05.
 */
function signatureVersion(bytes: Buffer, at: number): number | undefined {
  if (bytes[at] !== 6) return undefined;
  if (bytes[at + 1] === 1) return 0;
  return bytes[at + 1] === 5 ? 2 : undefined;
}

function classAt(bytes: Buffer, index: number, count: number): string {
  const at = constantAt(bytes, index, { tag: CLASS, count });
  need(bytes, at, 3);
  const text = constantAt(bytes, bytes.readUInt16BE(at + 1), { tag: UTF8, count });
  const sizeBytes = bytes.readUInt16BE(text + 1);
  if (sizeBytes > MOST_NAME_BYTES)
    throw new ClassFileError(`it has a class name of more than ${MOST_NAME_BYTES} bytes`);
  return bytes.toString("utf8", text + 3, text + 3 + sizeBytes);
}

/** Offset of a constant with this tag. */
function constantAt(bytes: Buffer, index: number, { tag, count }: { tag: number; count: number }): number {
  const at = index < count ? (offsets[index] ?? 0) : 0;
  if (index === 0 || at === 0 || bytes[at] !== tag)
    throw new ClassFileError("a name refers to a constant that is not a name");
  return at;
}

function need(bytes: Buffer, at: number, count: number): void {
  if (at + count > bytes.length) throw new ClassFileError("it is cut off");
}
