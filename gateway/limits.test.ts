import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../test/contract/temporary_directory.ts";
import { parseConfig } from "./config.ts";

/** The limits of a configuration with that section. */
async function parseLimits(limits: object) {
  await using directory = await createTemporaryDirectory();
  const file = join(directory.path, "config.json");
  await writeFile(file, JSON.stringify({ gateway: { limits, nonsense: 1 } }));
  return await parseConfig(["--config", file], {});
}

test("every limit has a default", async () => {
  const { limits } = await parseConfig([], {});
  expect(limits).toEqual({
    uploadBytes: 256 * 1024 * 1024,
    messageBytes: 5 * 1024 * 1024,
    bodiesBytes: 1024 * 1024 * 1024,
    answersBytes: 1024 * 1024 * 1024,
    headerBytes: 16 * 1024,
    headers: 100,
    connections: 10_000,
    connectionsPerAddress: 1000,
    streams: 256,
    resetsPerSecond: 33,
    resetBurst: 1000,
    headersTimeoutMs: 15_000,
    bodyTimeoutMs: 300_000,
    idleTimeoutMs: 60_000,
    stallTimeoutMs: 30_000,
    recheckMs: 30_000,
    failedLoginsPerMinute: 30,
  });
});

test("limits that make no sense are refused all at once, with keys that are not known", async () => {
  const parsing = parseLimits({ streams: 0, headerBytes: 1, headers: 3.5, idleTimeoutMs: 2 ** 31, bodyBytes: 1 });
  const { message } = await parsing.then(
    () => new Error("It was taken"),
    (error: Error) => error,
  );
  for (const key of ["streams", "headerBytes", "headers", "idleTimeoutMs", "bodyBytes", "nonsense"]) {
    expect(message).toContain(key);
  }
});
