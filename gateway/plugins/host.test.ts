import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { PluginKind } from "../../plugins/contract/mod.ts";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { checkPlugin, type PluginError, startPlugin } from "./mod.ts";

const contract = JSON.stringify(resolve(import.meta.dirname, "../../plugins/contract/mod.ts"));
const zod = JSON.stringify(import.meta.resolve("zod"));
const definition = `
  import { definePlugin } from ${contract};
  import { z } from ${zod};
  const config = z.strictObject({ path: z.string(), size: z.number() });
  const name = "sample";
  const kind = "blobs";
`;
const goodConfig = { path: "p", size: 1 };

/** Creates a directory with a module `plugin.ts`, the function that starts it, and the collected log. */
async function writePlugin(source: string) {
  const directory = await createTemporaryDirectory();
  await writeFile(join(directory.path, "plugin.ts"), definition + source);
  const lines: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
  return {
    lines,
    start(config: unknown = goodConfig, options: { kind?: PluginKind; signal?: AbortSignal; timeoutMs?: number } = {}) {
      const { kind = "blobs", signal = new AbortController().signal, timeoutMs } = options;
      const reference = { plugin: "./plugin.ts", config };
      return startPlugin(kind, reference, { log, signal, baseDir: directory.path, timeoutMs });
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

async function faultOf(start: Promise<unknown>): Promise<PluginError> {
  const [outcome] = await Promise.allSettled([start]);
  expect(outcome).toMatchObject({ status: "rejected", reason: { name: "PluginError" } });
  return (outcome as PromiseRejectedResult).reason;
}

test("startPlugin() hands over the checked config and a log with the plugin's name, and answers what was started", async () => {
  await using plugin =
    await writePlugin(`export default definePlugin({ kind, name, config, start: async ({ config, log }) => {
    log.info("starting", { size: config.size });
    return { config, [Symbol.asyncDispose]: async () => {} };
  } });`);

  const started = await plugin.start();

  expect(started).toMatchObject({ config: goodConfig });
  expect(plugin.lines).toMatchObject([{ plugin: "sample", msg: "starting", size: 1 }]);
});

test.each(["dao-sqlite", "blobs-fs"])("startPlugin() starts %s by its path", async (name) => {
  await using directory = await createTemporaryDirectory();
  const plugin = resolve(import.meta.dirname, "../../plugins", name, "mod.ts");
  const { signal } = new AbortController();
  const options = { log: pino({ enabled: false }), signal, baseDir: directory.path };
  const kind = name === "dao-sqlite" ? "dao" : "blobs";

  await using started = await startPlugin(kind, { plugin, config: { path: join(directory.path, "x") } }, options);

  await started.checkHealth();
});

test("a plugin that is not there is a fault of load", async () => {
  const { signal } = new AbortController();
  const options = { log: pino({ enabled: false }), signal, baseDir: import.meta.dirname };

  for (const plugin of ["./absent.ts", "hearth-dao-absent", "/absent/mod.ts"]) {
    const error = await faultOf(startPlugin("dao", { plugin, config: {} }, options));
    expect(error).toMatchObject({ plugin, step: "load" });
    expect(error.message).toContain(`Cannot load plugin "${plugin}": `);
  }
});

test("a module that throws while it is loaded is a fault of load, with its cause", async () => {
  await using plugin = await writePlugin(`throw new TypeError("no such thing");`);

  const error = await faultOf(plugin.start());

  expect(error).toMatchObject({ step: "load", message: 'Cannot load plugin "./plugin.ts": no such thing' });
  expect(error.cause).toMatchObject({ name: "TypeError" });
});

test("a module that never finishes loading is a fault of load", async () => {
  await using plugin = await writePlugin("await new Promise(() => {}); export default 1;");

  const error = await faultOf(plugin.start(goodConfig, { timeoutMs: 300 }));

  expect(error.message).toBe('Cannot load plugin "./plugin.ts": it took longer than 300 ms');
});

test.each([
  [
    "no default export",
    "export const plugin = 1;",
    "its default export is not a plugin; create it with definePlugin()",
  ],
  [
    "a half plugin",
    "export default { kind, name };",
    "its default export is not a plugin; create it with definePlugin()",
  ],
  [
    "another kind",
    `export default definePlugin({ kind: "dao", name, config, start });
     async function start() { throw new Error("started"); }`,
    'it is of kind "dao", not "blobs"',
  ],
  [
    "another contract",
    `export default { ...definePlugin({ kind, name, config, start: async () => ({}) }), contract: 99 };`,
    "it was written for version 99 of the plugin contract, this Hearth has version 1",
  ],
])("a module with %s is a fault of check", async (_what, source, fault) => {
  await using plugin = await writePlugin(source);

  const error = await faultOf(plugin.start());

  expect(error).toMatchObject({ step: "check", message: `Cannot check plugin "./plugin.ts": ${fault}` });
});

test("a wrong config is a fault of configure that lists all that is wrong, and nothing is started", async () => {
  await using plugin = await writePlugin(`export default definePlugin({ kind, name, config, start: async () => {
    throw new Error("started");
  } });`);

  const error = await faultOf(plugin.start({ path: 1, extra: true }));

  expect(error.step).toBe("configure");
  expect(error.message).toMatch(/^Cannot configure plugin ".\/plugin.ts": \n/);
  for (const part of ["path", "size", "extra"]) expect(error.message).toContain(part);
});

test.each([
  ["rejects", `async () => { throw new Error("disk is full"); }`],
  ["throws", `() => { throw new Error("disk is full"); }`],
])("a start that %s is a fault of start, with its cause", async (_how, start) => {
  await using plugin = await writePlugin(`export default definePlugin({ kind, name, config, start: ${start} });`);

  const error = await faultOf(plugin.start());

  expect(error).toMatchObject({ step: "start", message: 'Cannot start plugin "./plugin.ts": disk is full' });
  expect(error.cause).toMatchObject({ message: "disk is full" });
});

test("a start that gives nothing to dispose is a fault of start", async () => {
  await using plugin = await writePlugin(
    `export default definePlugin({ kind, name, config, start: async () => undefined });`,
  );

  expect((await faultOf(plugin.start())).message).toBe(
    'Cannot start plugin "./plugin.ts": the started plugin is not disposable',
  );
});

test("a DAO without an outbox is a fault of check, and is disposed", async () => {
  await using plugin =
    await writePlugin(`export default definePlugin({ kind: "dao", name, config, start: async ({ log }) => ({
    jobs: {}, contexts: {}, binaries: {}, files: {}, audit: {},
    [Symbol.asyncDispose]: async () => log.info("disposed"),
  }) });`);

  const error = await faultOf(plugin.start(goodConfig, { kind: "dao" }));

  expect(error).toMatchObject({
    step: "check",
    message: expect.stringContaining('Cannot check plugin "./plugin.ts": it keeps no outbox, '),
  });
  expect(plugin.lines.map((line) => line.msg)).toEqual(["disposed"]);
});

test("a start that hangs is given up at the deadline: its signal is aborted, and what comes late is disposed", async () => {
  await using plugin =
    await writePlugin(`export default definePlugin({ kind, name, config, start: async ({ log, signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return { [Symbol.asyncDispose]: async () => log.info("disposed") };
  } });`);

  const error = await faultOf(plugin.start(goodConfig, { timeoutMs: 3000 }));

  expect(error.message).toBe('Cannot start plugin "./plugin.ts": it took longer than 3000 ms');
  await expect.poll(() => plugin.lines.map((line) => line.msg)).toContain("disposed");
});

test("a start is given up when the caller's signal is aborted", async () => {
  await using plugin = await writePlugin(
    "export default definePlugin({ kind, name, config, start: () => new Promise(() => {}) });",
  );
  const reason = new Error("the gateway stops");

  const error = await faultOf(plugin.start(goodConfig, { signal: AbortSignal.abort(reason) }));

  expect(error.cause).toMatchObject({ cause: reason });
});

test("checkPlugin() loads a plugin and checks its config, and does not start it", async () => {
  const { signal } = new AbortController();
  await using directory = await createTemporaryDirectory();
  const source =
    "export default definePlugin({ kind, name, config, start: async () => { throw new Error('started'); } });";
  await writeFile(join(directory.path, "plugin.ts"), definition + source);
  const check = (config: unknown, plugin = "./plugin.ts") =>
    checkPlugin("blobs", { plugin, config }, { signal, baseDir: directory.path });

  await check(goodConfig);

  expect(await faultOf(check({ path: 1, extra: true }))).toMatchObject({
    step: "configure",
    faults: [
      { where: "path", what: "expected text, got 1" },
      { where: "size", what: "missing; expected a number" },
      { where: "extra", what: "unknown key" },
    ],
  });
  expect(await faultOf(check({}, "./absent.ts"))).toMatchObject({ step: "load", faults: [] });
});

test("checkPlugin() does not ask a plugin out of process", async () => {
  const { signal } = new AbortController();
  const check = (plugin: string, config: unknown) =>
    checkPlugin("dao", { plugin, config }, { signal, baseDir: import.meta.dirname });

  await check("grpc://127.0.0.1:1", {});

  expect(await faultOf(check("grpc://127.0.0.1:1", { timeoutMs: 0 }))).toMatchObject({
    step: "configure",
    faults: [{ where: "timeoutMs", what: "expected more than 0, got 0" }],
  });
  expect(await faultOf(check("grpc://nowhere", {}))).toMatchObject({ step: "load" });
});
