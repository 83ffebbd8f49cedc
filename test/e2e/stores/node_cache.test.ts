import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Job_State } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

const JOBS = `
export const read = ({ config, data }) => data.text(config.name);
export const keep = ({ config, objects }) => objects.update("o", "x".repeat(config.length)).then(() => "kept");
`;

let hearth: Hearth;
let rest: Rest;

beforeAll(async () => {
  hearth = await startHearth();
  rest = createRest(hearth.url);
  await rest.upload("jobs", JOBS);
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

const read = (name: string) => rest.run({ binary: "jobs", entryPoint: "read", config: { name } });

test("a job reads the current content of a data file, from the node's disk if it is cached", async () => {
  await rest.call("PUT", "/v1/data/letter", "first");
  expect((await read("letter")).result).toBe("first");
  const kept = await readdir(join(hearth.dataDir, "node-1", "blobs"));
  await rest.call("PUT", "/v1/data/copy", "first");
  expect((await read("copy")).result).toBe("first");
  expect(await readdir(join(hearth.dataDir, "node-1", "blobs"))).toEqual(kept);
  await rest.call("PUT", "/v1/data/letter", "second");
  expect((await read("letter")).result).toBe("second");
  await rest.call("DELETE", "/v1/data/letter");
  expect((await read("letter")).job).toMatchObject({
    state: Job_State.FAILED,
    error: { name: "NotFoundError", message: 'Cannot read data file "letter": no file has that name' },
  });
});

test("a job reads an empty data file", async () => {
  await rest.call("PUT", "/v1/data/empty", "");
  expect((await read("empty")).result).toBe("");
});

test("a data file that is damaged on the node's disk is fetched again", async () => {
  await rest.call("PUT", "/v1/data/fragile", "whole");
  expect((await read("fragile")).result).toBe("whole");
  const directory = join(hearth.dataDir, "node-1", "blobs");
  for (const name of await readdir(directory)) await writeFile(join(directory, name), "damaged");
  expect((await read("fragile")).result).toBe("whole");
});

test("a node removes its sandboxes' files when it ends", async () => {
  const node = await hearth.addNode();
  const runs = join(hearth.dataDir, "node-2", "runs");
  const [own = ""] = await readdir(runs);
  expect(await readdir(join(runs, own))).toContain("deno");
  await node[Symbol.asyncDispose]();
  expect(await readdir(runs)).toEqual([]);
});

test("the size limit of named objects is a context setting on every API", async () => {
  const small = { namedObjectsBytes: "1000" };
  expect((await rest.createContext("small", small)).settings?.namedObjectsBytes).toBe(1000n);
  const keep = (length: number) =>
    rest.run({ binary: "jobs", entryPoint: "keep", context: "small", config: { length } });
  expect((await keep(900)).result).toBe("kept");
  expect((await keep(1100)).job.error).toMatchObject({
    name: "QuotaExceededError",
    message: expect.stringMatching(/ 0 of the 1000 that the context's setting namedObjectsBytes allows$/),
  });

  await rest.call("POST", "/contexts/spark?named-objects-memory=3m&memory-per-node=64m");
  expect((await rest.call("GET", "/v1/contexts/spark")).body).toMatchObject({
    settings: { namedObjectsBytes: "3145728" },
  });
  const unset = await rest.createContext("unset", { memoryBytes: "100000000" });
  expect(unset.settings?.namedObjectsBytes).toBe(25_000_000n);
});

test("the size limit of named objects cannot exceed the context's memory", async () => {
  const settings = { memoryBytes: "67108864", namedObjectsBytes: "67108865" };
  const { status, body } = await rest.call("POST", "/v1/contexts", { name: "greedy", settings });
  expect({ status, body: JSON.stringify(body) }).toEqual({
    status: 400,
    body: expect.stringContaining("named_objects_bytes must not be more than memory_bytes"),
  });
});
