import fc from "fast-check";
import { expect, test } from "vitest";
import { JarError } from "./jar_entries.ts";
import { DEFAULT_LIMITS } from "./jar_limits.ts";
import { readJar } from "./read_jar.ts";
import { jar, jobClass } from "./testing/jars.ts";

const limits = { ...DEFAULT_LIMITS, unpackedBytes: 10_000_000 };

test("readJar() reads a jar or throws a JarError, whatever the bytes are", () => {
  const properties = { name: "META-INF/maven/g/jobs_2.12/pom.properties", content: "version=1" };
  const valid = jar([jobClass("a/Job", { scala: "2.12" }), { name: "a/B", superName: "a/Job" }], [properties]);
  const damage = fc.record({ at: fc.nat(valid.length - 1), byte: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(damage, { maxLength: 6 }), fc.nat(valid.length), fc.boolean(), (damages, length, isCut) => {
      const bytes = Uint8Array.from(valid);
      for (const { at, byte } of damages) bytes[at] = byte;
      try {
        readJar(isCut ? bytes.subarray(0, length) : bytes, limits);
      } catch (error) {
        expect(error).toBeInstanceOf(JarError);
      }
    }),
    { numRuns: 3000 },
  );
});
