import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type PluginProcess, startPluginProcess } from "../../plugins/server.ts";
import { startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const stack = new AsyncDisposableStack();
const plugins = new Map<string, PluginProcess>();
let rest: Rest;
let url: string;
let directory: string;

beforeAll(async () => {
  directory = stack.use(await createTemporaryDirectory()).path;
  stack.defer(async () => {
    for (const plugin of plugins.values()) await plugin[Symbol.asyncDispose]();
  });
  const [dao, blobs] = [await startPlugin("dao-sqlite"), await startPlugin("blobs-fs")];
  const config = {
    gateway: {
      dao: { plugin: dao, config: { config: { path: join(directory, "hearth.sqlite") } } },
      blobs: { plugin: blobs, config: { config: { path: join(directory, "blobs") } } },
    },
  };
  const hearth = stack.use(await startHearth({ config }));
  url = hearth.urls[0] ?? "";
  rest = createRest(url);
  await rest.upload("jobs", "export const echo = ({ config }) => config;");
});

afterAll(() => stack.disposeAsync());

/** Starts a plugin on the socket that it had before, if any. */
async function startPlugin(name: string): Promise<string> {
  const plugin = await startPluginProcess(name, { listen: `unix:${join(directory, name)}` });
  plugins.set(name, plugin);
  return plugin.address;
}

async function download(): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}/v1/binaries/jobs:download`);
  return { status: response.status, text: await response.text() };
}

test("a gateway stores its state and contents in out-of-process plugins", async () => {
  const { job, result } = await rest.run({ binary: "jobs", entryPoint: "echo", config: { n: 1 } });

  expect(result).toEqual({ n: 1 });
  expect((await rest.call("GET", `/v1/jobs/${job.id}/result`)).body).toEqual({ n: 1 });
  expect((await download()).text).toContain("echo");
});

test("downloads and uploads get 503 while the blob store is down, and work again afterwards", async () => {
  await plugins.get("blobs-fs")?.kill();

  const away = await download();
  expect(away.status).toBe(503);
  expect(away.text).toContain("does not answer now");
  await expect(rest.upload("more", "export const two = () => 2;")).rejects.toThrow("answered 503");

  await startPlugin("blobs-fs");
  await until("the contents are there again", async () => (await download()).status === 200);
  await rest.upload("more", "export const two = () => 2;");
  expect((await rest.run({ binary: "more", entryPoint: "two" })).result).toBe(2);
});

test("calls get 503 while the DAO plugin is down, and stored jobs are there afterwards", async () => {
  const { job } = await rest.run({ binary: "jobs", entryPoint: "echo", config: { n: 2 } });
  await plugins.get("dao-sqlite")?.kill();

  expect((await rest.call("GET", `/v1/jobs/${job.id}`)).status).toBe(503);

  await startPlugin("dao-sqlite");
  await until("the record is there again", async () => (await rest.call("GET", `/v1/jobs/${job.id}`)).status === 200);
  expect((await rest.run({ binary: "jobs", entryPoint: "echo", config: { n: 3 } })).result).toEqual({ n: 3 });
});
