/** Fixtures for tests of jars: class files and jars, which may be invalid. */
import { type ZipEntry, zip } from "../../bundler/testing/uploads.ts";

/** The header of a class file. Names are as in the JVM. */
export interface ClassSpec {
  readonly name: string;
  readonly superName?: string;
  readonly interfaces?: readonly string[];
  readonly access?: number;
  readonly majorVersion?: number;
  /** Adds the annotation of scalac 2.12 or 2.13 with the signature. */
  readonly scala?: "2.12" | "2.13";
}

/** Beginnings of signatures. */
const SIGNATURES = { "2.12": "\u0006\u0001\u0002\u0003abcdef", "2.13": "\u0006\u0005\u0002\u0003abcdef" } as const;

const PUBLIC_SUPER = 0x21;

/** A class file without fields and methods. */
export function classFile(spec: ClassSpec): Buffer {
  const { name, superName = "java/lang/Object", interfaces = [], access = PUBLIC_SUPER, majorVersion = 52 } = spec;
  const constants: Buffer[] = [];
  const add = (...bytes: readonly Buffer[]): number => constants.push(Buffer.concat(bytes));
  const utf8 = (text: string) => add(Buffer.from([1]), u16(Buffer.byteLength(text)), Buffer.from(text));
  const classConstant = (text: string) => add(Buffer.from([7]), u16(utf8(text)));
  const thisIndex = classConstant(name);
  const superIndex = superName === "" ? 0 : classConstant(superName);
  const interfaceIndexes = interfaces.map(classConstant);
  if (spec.scala !== undefined) {
    utf8("Lscala/reflect/ScalaSignature;");
    utf8(SIGNATURES[spec.scala]);
  }
  return Buffer.concat([
    Buffer.from([0xca, 0xfe, 0xba, 0xbe]),
    ...[0, majorVersion, constants.length + 1].map(u16),
    ...constants,
    ...[access, thisIndex, superIndex, interfaces.length, ...interfaceIndexes, 0, 0, 0].map(u16),
  ]);
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** A jar of these classes, with a manifest and other entries. */
export function jar(classes: readonly ClassSpec[], others: readonly ZipEntry[] = []): Uint8Array {
  const entries = classes.map((spec) => ({ name: `${spec.name}.class`, content: classFile(spec) }));
  return zip([{ name: "META-INF/MANIFEST.MF", content: "Manifest-Version: 1.0\r\n" }, ...entries, ...others]);
}

/** A class that directly implements a job for spark-jobserver. */
export function jobClass(name: string, spec: Partial<ClassSpec> = {}): ClassSpec {
  return { name, interfaces: ["spark/jobserver/api/SparkJob"], ...spec };
}
