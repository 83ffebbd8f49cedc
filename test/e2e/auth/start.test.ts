import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { startTestNatsServer } from "../../nats/server.ts";
import { startHearth } from "../../system/hearth.ts";

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

test("when an auth plugin throws the gateway answers 503, also to callers that another plugin would admit", async () => {
  const { path } = stack.use(await createTemporaryDirectory());
  const plugin = join(path, "broken.ts");
  const contract = join(import.meta.dirname, "../../../plugins/contract/mod.ts");
  await writeFile(
    plugin,
    `import { definePlugin } from ${JSON.stringify(contract)};
     import { z } from ${JSON.stringify(import.meta.resolve("zod"))};
     export default definePlugin({ kind: "auth", name: "broken", config: z.strictObject({}), start: async () => ({
       admitsAnyone: false,
       authenticate: async () => { throw new Error("the directory is down"); },
       async [Symbol.asyncDispose]() {},
     }) });`,
  );
  const auth = [{ plugin }, { plugin: "hearth:auth-none" }];
  await using closed = await startHearth({
    nodes: 0,
    gateways: 0,
    config: { gateway: { auth, roles: { anonymous: { permissions: ["*"] } } } },
  });
  const { url } = await closed.addGateway();
  const answer = await fetch(`${url}/v1/jobs`);
  expect(answer.status).toBe(503);
  expect(await answer.text()).not.toContain("directory");
  expect((await fetch(`${url}/jobs`)).status).toBe(503);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

/** Returns the output of a gateway that fails to start. */
async function failedStart(gateway: object, ...flags: string[]): Promise<string> {
  await using nats = await startTestNatsServer();
  await using directory = await createTemporaryDirectory();
  const file = join(directory.path, "config.json");
  await writeFile(file, JSON.stringify({ gateway }));
  const main = join(import.meta.dirname, "../../../gateway/main.ts");
  const args = [main, "--config", file, "--nats", nats.url, "--data-dir", directory.path, ...flags];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 30_000 });
  expect(status).toBe(1);
  return stdout;
}

test("a gateway that admits anyone refuses to listen on other addresses than loopback", async () => {
  const gateway = { auth: [{ plugin: "hearth:auth-none" }], roles: { anonymous: { permissions: ["*"] } } };
  expect(await failedStart(gateway, "--listen", "0.0.0.0:0")).toContain('auth plugin \\"auth-none\\" admits anyone');
});

test("a gateway fails to start when an auth plugin does, and names plugin and cause", async () => {
  const config = { file: import.meta.filename };
  const gateway = { auth: [{ plugin: "hearth:auth-basic", config }], roles: { admin: { permissions: ["*"] } } };
  const text = await failedStart(gateway, "--listen", "127.0.0.1:0");
  expect(text).toContain("Cannot start plugin");
  expect(text).toContain(import.meta.filename);
});
