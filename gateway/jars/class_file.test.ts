import fc from "fast-check";
import { expect, test } from "vitest";
import { ClassFileError, readClassHeader } from "./class_file.ts";
import { classFile, u16 } from "./testing/jars.ts";

test("readClassHeader() reads names, access and versions", () => {
  const bytes = classFile({
    name: "a/B",
    superName: "a/Base",
    interfaces: ["x/I", "x/J"],
    access: 0x421,
    majorVersion: 61,
    scala: "2.13",
  });
  expect(readClassHeader(bytes)).toEqual({
    name: "a/B",
    superName: "a/Base",
    interfaces: ["x/I", "x/J"],
    access: 0x421,
    majorVersion: 61,
    signatureMinor: 2,
  });
});

test("readClassHeader() reads java.lang.Object, which extends nothing", () => {
  const { superName } = readClassHeader(classFile({ name: "java/lang/Object", superName: "" }));
  expect(superName).toBeUndefined();
});

test("readClassHeader() takes a text for a signature only in a class that is annotated with one", () => {
  const bytes = classFile({ name: "a/B", scala: "2.12" });
  const annotation = bytes.indexOf("ScalaSignature");
  bytes.write("OtherSignature", annotation);
  expect(readClassHeader(bytes).signatureMinor).toBeUndefined();
});

const MAGIC = Buffer.from([0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52]);

test.each<[string, Buffer, string]>([
  ["text", Buffer.from("not a class file"), "does not begin with the magic number of a class file"],
  ["nothing", Buffer.alloc(0), "cut off"],
  ["an unknown constant", Buffer.concat([MAGIC, u16(2), Buffer.from([99, 0, 0, 0])]), "unknown kind 99"],
  ["a pool without end", Buffer.concat([MAGIC, u16(0xffff), Buffer.from([3, 0, 0, 0, 1])]), "cut off"],
  ["text that is longer than the file", Buffer.concat([MAGIC, u16(2), Buffer.from([1, 0xff, 0xff])]), "cut off"],
  [
    "a class that is named by itself",
    Buffer.concat([MAGIC, u16(2), Buffer.from([7, 0, 1]), u16(1), u16(1), u16(0), u16(0)]),
    "no name",
  ],
  [
    "names outside of the pool",
    Buffer.concat([MAGIC, u16(2), Buffer.from([7, 0xff, 0xff]), u16(1), u16(1), u16(0), u16(0)]),
    "no name",
  ],
  [
    "the second place of a number as a name",
    Buffer.concat([MAGIC, u16(3), Buffer.from([5, 0, 0, 0, 0, 0, 0, 0, 0]), u16(1), u16(2), u16(0), u16(0)]),
    "no name",
  ],
  ["a name that is too long", classFile({ name: "a".repeat(2000) }), "more than 1024 bytes"],
  [
    "interfaces without end",
    classFile({ name: "a/B", interfaces: Array(600).fill("x/I") }),
    "more than 500 interfaces",
  ],
])("readClassHeader() refuses %s", (_, bytes, message) => {
  expect(() => readClassHeader(bytes)).toThrow(ClassFileError);
  expect(() => readClassHeader(bytes)).toThrow(message);
});

test("readClassHeader() reads a class or throws a ClassFileError, whatever the bytes are", () => {
  const valid = classFile({ name: "a/B", superName: "a/Base", interfaces: ["x/I"], scala: "2.12" });
  const damage = fc.record({ at: fc.nat(valid.length - 1), byte: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 8 }), fc.nat(valid.length), (damages, length) => {
      const bytes = Buffer.from(valid);
      for (const { at, byte } of damages) bytes[at] = byte;
      try {
        readClassHeader(bytes.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(ClassFileError);
      }
    }),
    { numRuns: 2000 },
  );
});
