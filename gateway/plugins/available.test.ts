import { join } from "node:path";
import { pino } from "pino";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { freePort } from "../../test/nats/server.ts";
import { startPluginProcess } from "../../test/plugins/server.ts";
import { builtIn } from "../config/plugin_reference.ts";
import { startPluginWhenAvailable } from "./mod.ts";

const SOON = { timeout: 20_000 };

/** Options for starting plugins, with the log and the reports that they collect. */
function createOptions() {
  const lines: Record<string, unknown>[] = [];
  const waits: (string | undefined)[] = [];
  const stop = new AbortController();
  const log = pino({}, { write: (line) => void lines.push(JSON.parse(line)) });
  const onWait = (what: string | undefined): void => void waits.push(what);
  return { lines, waits, stop, options: { log, onWait, signal: stop.signal, baseDir: "." } };
}

test("the start waits for a remote plugin that is not available yet", async () => {
  await using directory = await createTemporaryDirectory();
  const listen = `unix:${join(directory.path, "blobs")}`;
  const { lines, waits, options } = createOptions();
  const reference = { plugin: listen, config: { config: { path: join(directory.path, "files") } } };
  const starting = startPluginWhenAvailable("blobs", reference, options);
  const isReported = () => lines.some(({ msg }) => msg === "the blob plugin is not there yet, trying again");
  await expect.poll(isReported, SOON).toBe(true);
  expect(lines[0]).toMatchObject({ plugin: listen, since: expect.any(String), reason: expect.any(String) });

  await using _process = await startPluginProcess("blobs-fs", { listen });
  await using started = await starting;
  await started.checkHealth();
  expect([waits[0], waits.at(-1)]).toEqual(["the blob plugin", undefined]);
  expect(lines.at(-1)).toMatchObject({ msg: "the blob plugin is there now", waitedMs: expect.any(Number) });
});

test("the start waits for an unreachable database and NATS server until it is aborted", async () => {
  const port = await freePort();
  const away = [
    ["dao", builtIn("dao-postgres", { port, password: "none of yours" })],
    ["blobs", builtIn("blobs-nats", { url: `nats://127.0.0.1:${port}` })],
  ] as const;
  for (const [kind, reference] of away) {
    const { lines, stop, options } = createOptions();
    const starting = startPluginWhenAvailable(kind, reference, options);
    const given = expect(starting).rejects.toThrow("enough");
    await expect.poll(() => lines.length, SOON).toBeGreaterThan(0);
    expect(lines[0]).toMatchObject({ reason: expect.stringContaining(String(port)) });
    stop.abort(new Error("enough"));
    await given;
  }
});

test("a permanent error ends the start at once", async () => {
  const { lines, options } = createOptions();
  const wrong = startPluginWhenAvailable("dao", builtIn("dao-sqlite", { path: "/dev/null/no/folder" }), options);
  await expect(wrong).rejects.toThrow("Cannot start plugin");
  await expect(startPluginWhenAvailable("dao", builtIn("dao-sqlite", { size: 1 }), options)).rejects.toThrow("size");
  expect(lines).toEqual([]);
});
