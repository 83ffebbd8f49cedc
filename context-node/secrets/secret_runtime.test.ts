import { afterEach, beforeEach, expect, test } from "vitest";
import { ContextSettings, JobError_Reason } from "../../proto/node.ts";
import { RawResult } from "../../test/node/script.ts";
import { ScriptedRuntime } from "../../test/node/scripted_runtime.ts";
import { NO_FILES, NOOP_OBSERVER } from "../deno/testing/mod.ts";
import type { Execution, JobObserver, Sandbox } from "../runtime/mod.ts";
import { SecretUnavailable } from "./folder.ts";
import { withSecrets } from "./secret_runtime.ts";

/** State shared by the jobs of a sandbox, like globals. */
let shared = "";

const runtime = new ScriptedRuntime({
  remember: {
    run({ config }) {
      shared = String(config.password);
    },
  },
  recall: {
    run({ log }) {
      log(shared);
      return shared;
    },
  },
  raw: { run: ({ config }) => new RawResult(`{"broken": ${config.password}`) },
  slowly: {
    async run({ config, signal, progress }) {
      progress(0.5, String(config.password), { a: [config.password] });
      signal.throwIfAborted();
      return "not aborted";
    },
  },
});

/** The reader of secrets in a test. */
let read: (name: string) => Promise<string>;
let sandbox: Sandbox;

beforeEach(async () => {
  read = async (name) => `value of ${name}`;
  sandbox = await start();
});
afterEach(() => sandbox[Symbol.asyncDispose]());

function start(settings: Partial<ContextSettings> = {}): Promise<Sandbox> {
  const guarded = withSecrets(runtime, { read: (name) => read(name), policy: { "*": ["*"] } });
  return guarded.startSandbox({
    contextId: crypto.randomUUID(),
    name: "test",
    settings: ContextSettings.fromPartial({ permissions: { secrets: ["*"] }, ...settings }),
    files: NO_FILES,
  });
}

function run(entryPoint: string, config: object = {}, observer: Partial<JobObserver> = {}): Execution {
  return sandbox.run(
    {
      jobId: "job",
      binaryDigest: "sha256:0",
      artifact: { type: "module", code: async () => "", sourceMap: async () => "" },
      entryPoint,
      config: JSON.stringify(config),
    },
    { ...NOOP_OBSERVER, ...observer },
  );
}

test("a secret of one job is redacted from the reports of the next one", async () => {
  await run("remember", { password: "secret:a" }).outcome;
  const lines: string[] = [];
  const { outcome } = run("recall", {}, { logged: (logged) => void lines.push(...logged.map(({ text }) => text)) });
  expect(await outcome).toEqual({ type: "succeeded", json: '"[secret a]"' });
  expect(lines).toEqual(["[secret a]"]);
});

test("the newest values of a rotated secret are redacted", async () => {
  let version = 0;
  read = async () => `version ${String.fromCharCode(65 + version++)} of it`;
  for (let round = 0; round < 20; round++) await run("remember", { password: "secret:a" }).outcome;
  shared = "version D of it, version E of it, version T of it";
  expect(await run("recall").outcome).toEqual({
    type: "succeeded",
    json: '"version D of it, [secret a], [secret a]"',
  });
});

test("a secret is redacted from a result that is not JSON", async () => {
  expect(await run("raw", { password: "secret:a" }).outcome).toMatchObject({
    type: "succeeded",
    json: expect.not.stringContaining("value of a"),
  });
});

test("a job that is terminated while its secrets are read never runs", async () => {
  const reading = Promise.withResolvers<string>();
  read = () => reading.promise;
  const begun: number[] = [];
  const job = run("echo", { password: "secret:a" }, { running: (executor) => void begun.push(executor) });
  job.terminate();
  expect(await job.outcome).toEqual({ type: "terminated" });
  reading.resolve("too late");
  // Otherwise its start would have been reported before this one ends.
  await run("echo").outcome;
  expect(begun).toEqual([]);
});

test("a job that is aborted while its secrets are read starts aborted", async () => {
  const reading = Promise.withResolvers<string>();
  read = () => reading.promise;
  const job = run("slowly", { password: "secret:a" });
  job.abort("cancelled");
  reading.resolve("a value");
  expect(await job.outcome).toMatchObject({ type: "failed", error: { reason: JobError_Reason.THROWN } });
});

test("secrets are redacted from progress", async () => {
  const told: unknown[] = [];
  await run("slowly", { password: "secret:a" }, { progress: (progress) => void told.push(progress) }).outcome;
  expect(told).toEqual([{ fraction: 0.5, message: "[secret a]", fields: { a: ["[secret a]"] }, stages: [] }]);
});

test("secrets are redacted from the names of objects", async () => {
  const name = "value of a";
  await run("keep", { name, value: "secret:a" }).outcome;
  expect(await sandbox.objects()).toMatchObject([{ name: "[secret a]" }]);
});

test("a sandbox does not start when a secret of its env is unavailable", async () => {
  read = async (name) => {
    throw new SecretUnavailable(name, "it is a test");
  };
  await expect(start({ env: { A: "secret:a" } })).rejects.toThrow('Cannot read secret "a": it is a test');
});
