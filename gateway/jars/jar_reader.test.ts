import { expect, test } from "vitest";
import type { JarLimits } from "./jar_limits.ts";
import { createJarReader, JarError } from "./mod.ts";
import type { JarContents } from "./read_jar.ts";
import { classFile, jar, jobClass } from "./testing/jars.ts";

const read = async (content: Uint8Array, limits: Partial<JarLimits> = {}): Promise<JarContents> => {
  await using reader = createJarReader({ limits });
  return await reader.read(content);
};

const LIBRARY = expect.stringContaining("it is a library for other jars");

test("read() lists the classes that implement a job, through classes of the same jar", async () => {
  const content = jar([
    jobClass("com/example/NewJob"),
    { name: "com/example/OldJob$", interfaces: ["spark/jobserver/SparkJob"], scala: "2.12" },
    { name: "com/example/OldJob", scala: "2.12" },
    { name: "com/example/JavaJob", superName: "com/example/Base" },
    { name: "com/example/Base", interfaces: ["spark/jobserver/japi/JSparkJob"], access: 0x421 },
    { name: "com/example/Trait", interfaces: ["spark/jobserver/SparkSessionJob"], access: 0x601 },
    { name: "com/example/ByTrait", interfaces: ["com/example/Trait"] },
    { name: "com/example/Hidden", interfaces: ["spark/jobserver/SparkJob"], access: 0x20 },
    { name: "com/example/Main$$anon$1", interfaces: ["spark/jobserver/SparkJob"] },
    { name: "com/example/Word" },
  ]);
  expect(await read(content)).toEqual({
    entryPoints: ["com.example.ByTrait", "com.example.JavaJob", "com.example.NewJob", "com.example.OldJob"],
    scalaVersion: "2.12",
    javaVersion: 8,
    warnings: [],
  });
});

test("read() leaves out classes that the JVM would not find, and the API itself", async () => {
  const content = jar(
    [{ name: "spark/jobserver/JavaSparkJob", interfaces: ["spark/jobserver/SparkJobBase"] }],
    [{ name: "BOOT-INF/classes/a/Job.class", content: classFile(jobClass("a/Job")) }],
  );
  expect((await read(content)).entryPoints).toEqual([]);
});

test.each<[string, Uint8Array, Partial<JarContents>]>([
  ["Scala 2.13 by its signature", jar([jobClass("a/A", { scala: "2.13" })]), { scalaVersion: "2.13" }],
  [
    "Scala 2.11 by its signature and the age of its classes",
    jar([jobClass("a/A", { scala: "2.12", majorVersion: 50 })]),
    { scalaVersion: "2.11", javaVersion: 6 },
  ],
  ["Scala 3 by TASTy", jar([jobClass("a/A")], [{ name: "a/A.tasty" }]), { scalaVersion: "2.13" }],
  [
    "Scala of most other classes of a Java job",
    jar([jobClass("a/A"), { name: "a/B", scala: "2.12" }]),
    { scalaVersion: "2.12" },
  ],
  [
    "Scala by the name of an artifact",
    jar([jobClass("a/A")], [{ name: "META-INF/maven/g/jobs_2.12/pom.properties" }]),
    { scalaVersion: "2.12" },
  ],
  ["no Scala", jar([jobClass("a/A", { majorVersion: 65 })]), { scalaVersion: "", javaVersion: 21 }],
  [
    "the Java of its jobs, not of what it brings along",
    jar([jobClass("a/A"), { name: "b/B", majorVersion: 65 }]),
    { javaVersion: 8 },
  ],
  [
    "a library, with the newest Java in it",
    jar([{ name: "a/A" }, { name: "b/B", majorVersion: 61 }]),
    { javaVersion: 17, warnings: [LIBRARY] },
  ],
])("read() tells %s", async (_, content, expected) => {
  expect(await read(content)).toMatchObject(expected);
});

test.each<[string, Uint8Array, unknown]>([
  [
    "Spark in the jar",
    jar([jobClass("a/A"), { name: "org/apache/spark/SparkContext" }]),
    [expect.stringContaining("Spark itself")],
  ],
  [
    "jars in the jar",
    jar([], [{ name: "lib/jobs.jar", content: "PK" }]),
    [LIBRARY, expect.stringContaining("upload them by themselves")],
  ],
  [
    "two Scalas",
    jar([jobClass("a/A", { scala: "2.12" }), { name: "b/B", scala: "2.13" }]),
    [expect.stringContaining("1 classes are compiled for Scala 2.13, but the jar is for Scala 2.12")],
  ],
  [
    "a class that is none",
    jar([jobClass("a/A")], [{ name: "a/B.class", content: "not a class file at all" }]),
    ["Not read, and no entry point: a/B.class: it does not begin with the magic number of a class file"],
  ],
])("read() warns of %s", async (_, content, warnings) => {
  expect((await read(content)).warnings).toEqual(warnings);
});

const BIG = "0".repeat(300_000);

test.each<[string, Uint8Array, Partial<JarLimits>, string]>([
  ["what is cut off", jar([jobClass("a/A")]).subarray(0, -30), {}, "The jar is damaged"],
  ["a wrong checksum", jar([], [{ name: "a/A.class", content: "abc", checksum: 1 }]), {}, "differs from its checksum"],
  ["encryption", jar([], [{ name: "a/A.class", content: "abc", flags: 1 }]), {}, "which is encrypted"],
  [
    "too many entries",
    jar(
      [],
      Array.from({ length: 20 }, (_, index) => ({ name: `f${index}` })),
    ),
    { entries: 10 },
    "more than 10 entries",
  ],
  [
    "what unpacks to too much",
    jar([], [{ name: "zeros", content: BIG }]),
    { unpackedBytes: 100_000 },
    "unpacks to more than 100000 bytes",
  ],
  ["a bomb", jar([], [{ name: "zeros", content: BIG }]), { ratioFromBytes: 1000 }, "more than 100 times its size"],
  [
    "entries that share their bytes",
    jar(
      [],
      [
        { name: "a", content: Buffer.from(BIG), isStored: true },
        { name: "b", content: Buffer.from(BIG), isStored: true, isOverlapping: true },
      ],
    ),
    {},
    "share their bytes",
  ],
  ["names that lead out", jar([], [{ name: "../../etc/passwd" }]), {}, "points outside of it"],
  ["names with control characters", jar([], [{ name: "a\u0000b" }]), {}, "control characters"],
  ["long names", jar([], [{ name: "a".repeat(2000) }]), {}, "more than 1024 characters"],
  ["too many jobs", jar([jobClass("a/A"), jobClass("a/B")]), { entryPoints: 1 }, "2 jobs, more than 1"],
  ["what takes too long", jar([jobClass("a/A")]), { timeoutMs: 1 }, "takes more than 1 ms to be read"],
])("read() refuses %s", async (_, content, limits, message) => {
  const reading = read(content, limits);
  await expect(reading).rejects.toThrow(JarError);
  await expect(reading).rejects.toThrow(message);
});

test("read() refuses a jar whose classes take too much memory, and goes on with others", async () => {
  const names = Array.from({ length: 400 }, (_, index) => `${"x".repeat(900)}${index}`);
  const classes = Array.from({ length: 200 }, (_, index) => ({ name: `C${index}`, interfaces: names }));
  await using reader = createJarReader({ limits: { memoryBytes: 16 * 1024 * 1024 } });
  await expect(reader.read(jar(classes))).rejects.toThrow("takes more than 16777216 bytes to be read");
  expect((await reader.read(jar([jobClass("a/A")]))).entryPoints).toEqual(["a.A"]);
});

test("read() survives classes that extend each other in a ring", async () => {
  const content = jar([
    { name: "a/A", superName: "a/B" },
    { name: "a/B", superName: "a/A", interfaces: ["spark/jobserver/SparkJob"] },
  ]);
  expect((await read(content)).entryPoints).toEqual(["a.A", "a.B"]);
});

test("read() ends with its signal", async () => {
  await using reader = createJarReader();
  const leaving = new AbortController();
  const reading = reader.read(jar([jobClass("a/A")]), { signal: leaving.signal });
  leaving.abort(new Error("left"));
  await expect(reading).rejects.toThrow("left");
});
