import { afterAll, beforeAll, expect, test } from "vitest";
import type { FileSource, Runtime, Sandbox } from "../../runtime/mod.ts";
import { bundle, outcomeOf, resultOf, run, startSandbox, startTestRuntime } from "../testing/mod.ts";

const SIZE = 5_000_000;
const bytes = Uint8Array.from({ length: SIZE }, (_, index) => (index * 31) % 251);

let chunksRead = 0;
let cancelled = false;

const files: FileSource = {
  list: async () => ["bytes", "text", "endless", "broken"],
  async open(name) {
    if (name === "bytes") return new Blob([bytes]).stream() as ReadableStream<Uint8Array>;
    if (name === "text") return new Blob(["grüße ".repeat(100_000)]).stream() as ReadableStream<Uint8Array>;
    if (name === "endless") {
      return new ReadableStream({
        pull(controller) {
          chunksRead += 1;
          controller.enqueue(new Uint8Array(100_000));
        },
        cancel() {
          cancelled = true;
        },
      });
    }
    if (name === "broken")
      return new ReadableStream({ pull: (controller) => controller.error(new Error("disk on fire")) });
    return undefined;
  },
};

let runtime: Runtime;
let sandbox: Sandbox;
beforeAll(async () => {
  runtime = await startTestRuntime();
  sandbox = await startSandbox(runtime, {}, { files });
});
afterAll(() => runtime[Symbol.asyncDispose]());

test("a job lists the files", async () => {
  expect(await resultOf(sandbox, "export const job = ({ data }) => data.list();")).toEqual(await files.list());
});

test("a job reads a file of several megabytes, byte for byte", async () => {
  const source = `export const job = async ({ data }) => {
    const bytes = await data.bytes("bytes");
    return [bytes.length, bytes.findIndex((byte, index) => byte !== (index * 31) % 251)];
  };`;
  expect(await resultOf(sandbox, source)).toEqual([SIZE, -1]);
});

test("text is decoded over the borders of chunks", async () => {
  const source = `export const job = async ({ data }) => {
    const text = await data.text("text");
    return [text.length, text.replaceAll("grüße ", "").length];
  };`;
  expect(await resultOf(sandbox, source)).toEqual([600_000, 0]);
});

test("a stream reads no more than the job takes, and is closed when the job leaves it", async () => {
  const source = `export const job = async ({ data }) => {
    let size = 0;
    for await (const chunk of await data.stream("endless")) if ((size += chunk.length) >= 1_000_000) return size;
  };`;
  expect(await resultOf(sandbox, source)).toBe(1_000_000);
  expect(chunksRead).toBeLessThan(15);
  await expect.poll(() => cancelled).toBe(true);
});

test.for<[string, string, string, string]>([
  ["of an unknown file", "nothing", "NotFoundError", 'Cannot read data file "nothing": no file has that name'],
  ["that breaks off", "broken", "Error", "disk on fire"],
])("reading %s rejects", async ([, name, error, message]) => {
  const source = "export const job = ({ data, config }) => data.text(config.name);";
  expect(await outcomeOf(sandbox, source, { config: { name } })).toMatchObject({
    type: "failed",
    error: { name: error, message: expect.stringContaining(message) },
  });
});

test("a job may ask for any number of files at once", async () => {
  const source = `export const job = async ({ data }) => {
    const lengths = await Promise.all(Array.from({ length: 100 }, async () => (await data.text("text")).length));
    const names = await Promise.all(Array.from({ length: 300 }, () => data.list()));
    return [new Set(lengths), names.every((each) => each.length === 4)];
  };`;
  await using own = await startSandbox(runtime, {}, { files });
  expect(await resultOf(own, source)).toEqual([[600_000], true]);
});

test("the files are listed once at a time for a sandbox, whichever executor asks", async () => {
  let listing = 0;
  const most: number[] = [];
  const slow: FileSource = {
    ...files,
    async list() {
      listing += 1;
      most.push(listing);
      await new Promise((resolve) => setTimeout(resolve, 1));
      listing -= 1;
      if (most.length === 1) throw new Error("the first one fails");
      return ["a.csv"];
    },
  };
  await using own = await startSandbox(runtime, {}, { files: slow });
  const program = await bundle(`export const job = async ({ data }) => {
    const lists = await Promise.allSettled(Array.from({ length: 50 }, () => data.list()));
    return lists.filter(({ status }) => status === "fulfilled").length;
  };`);
  const outcomes = await Promise.all([run(own, program).outcome, run(own, program).outcome]);
  const counts = outcomes.map((outcome) => (outcome.type === "succeeded" ? Number(outcome.json) : Number.NaN));
  expect(counts.sort()).toEqual([49, 50]);
  expect(Math.max(...most)).toBe(1);
});

test("a job that asks without waiting ends as it likes, and its sandbox lives on", async () => {
  const source = `export const job = async ({ data, objects }) => {
    for (let call = 0; call < 20_000; call++) {
      data.list().catch(() => {});
      if (call % 10 === 0) objects.update("object-" + (call % 50), call);
    }
    return "flooded";
  };`;
  expect(await resultOf(sandbox, source)).toBe("flooded");
  expect(await resultOf(sandbox, "export const job = () => 'next';")).toBe("next");
});

test("a stream beyond those that an executor may have open is refused, and one that is left makes room", async () => {
  await using own = await startSandbox(runtime, {}, { files });
  const source = `export const job = async ({ data }) => {
    const streams = [];
    for (;;) {
      try {
        streams.push(await data.stream("endless"));
      } catch (error) {
        await streams[0].cancel();
        await data.stream("endless");
        return [streams.length, error.message];
      }
    }
  };`;
  expect(await resultOf(own, source)).toEqual([
    64,
    'Cannot read data file "endless": 64 files are open; read or cancel one of them first',
  ]);
});

test("names that are too long are refused in the job", async () => {
  const source = `export const job = async ({ data, objects }) => {
    const refused = [];
    for (const attempt of [() => data.text("x".repeat(2000)), () => objects.update("x".repeat(2000), 1)]) {
      await attempt().catch((error) => refused.push(error.name));
    }
    return refused;
  };`;
  expect(await resultOf(sandbox, source)).toEqual(["NotFoundError", "TypeError"]);
});
