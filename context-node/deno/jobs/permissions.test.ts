import { afterAll, beforeAll, expect, test } from "vitest";
import type { Outcome, Runtime, Sandbox } from "../../runtime/mod.ts";
import { bundle, run, startSandbox, startTestRuntime } from "../testing/mod.ts";

let runtime: Runtime;
let closed: Sandbox;
let open: Sandbox;
beforeAll(async () => {
  runtime = await startTestRuntime();
  closed = await startSandbox(runtime);
  open = await startSandbox(runtime, { permissions: { net: ["api.example.com", "[::1]:80", "db:5432"], secrets: [] } });
});
afterAll(() => runtime[Symbol.asyncDispose]());

/** What becomes of a job whose program declares this. */
async function outcomeWith(sandbox: Sandbox, manifest: unknown): Promise<Outcome> {
  return run(sandbox, await bundle(`export const job = () => "ran";`, { manifest })).outcome;
}

const needing = (net: unknown) => ({ permissions: { net } });

const RAN = { type: "succeeded", json: '"ran"' };

test("a job that needs more than its context was granted is denied before it runs", async () => {
  const source = `console.log("loaded");
    export const job = { validate: () => console.log("validate"), run: () => console.log("run") };`;
  const program = await bundle(source, { manifest: needing(["db:5432", "api.example.com:443"]) });
  const denied = run(closed, program);
  expect(await denied.outcome).toEqual({
    type: "denied",
    message:
      'The program needs net db:5432, api.example.com:443; context "test-context" grants no net permission. ' +
      "Missing: net db:5432, api.example.com:443. " +
      'Create the context with the settings {"permissions":{"net":["db:5432","api.example.com:443"]}}',
  });
  expect(denied.reports).toEqual([]);
});

test("what is missing is told apart from what is granted", async () => {
  expect(await outcomeWith(open, needing(["db:5432", "db:5433"]))).toEqual({
    type: "denied",
    message:
      'The program needs net db:5432, db:5433; context "test-context" grants net api.example.com, [::1]:80, db:5432. ' +
      "Missing: net db:5433. Create the context with the settings " +
      '{"permissions":{"net":["api.example.com","[::1]:80","db:5432","db:5433"]}}',
  });
});

test.for<[string, readonly string[]]>([
  ["nothing", []],
  ["an address that was granted", ["db:5432"]],
  ["a port of a host that was granted", ["api.example.com:443"]],
  ["a host in other letters", ["API.example.com"]],
  ["an IPv6 address", ["[::1]:80"]],
])("a job that needs %s runs", async ([, net]) => {
  expect(await outcomeWith(open, needing(net))).toEqual(RAN);
});

test.for<[string, readonly string[]]>([
  ["a whole host of which a port was granted", ["db"]],
  ["a host that only ends like one that was granted", ["evil-api.example.com"]],
  ["a subdomain of a host that was granted", ["x.api.example.com"]],
])("a job that needs %s is denied", async ([, net]) => {
  expect(await outcomeWith(open, needing(net))).toMatchObject({ type: "denied" });
});

test("secrets that a job needs are granted by name or by pattern, and what is missing is told with the rest", async () => {
  const granting = await startSandbox(runtime, { permissions: { net: ["db"], secrets: ["api.key", "mail-*"] } });
  const outcomeOf = (secrets: readonly string[]) => outcomeWith(granting, { permissions: { secrets } });
  expect(await outcomeOf(["api.key", "mail-user", "mail-"])).toEqual(RAN);
  expect(await outcomeOf(["api-key", "mail-user"])).toEqual({
    type: "denied",
    message:
      'The program needs secrets api-key, mail-user; context "test-context" grants secrets api.key, mail-*. ' +
      "Missing: secrets api-key. Create the context with the settings " +
      '{"permissions":{"net":["db"],"secrets":["api.key","mail-*","api-key"]}}',
  });
  expect(await outcomeOf(["../key"])).toMatchObject({
    type: "failed",
    error: {
      message: "The program's manifest is malformed: manifest.permissions.secrets[0] is not the name of a secret",
    },
  });
});

test("a manifest without permissions needs none", async () => {
  expect(await outcomeWith(closed, { version: 1 })).toEqual(RAN);
});

test.for<[unknown, string]>([
  ["none", "manifest is not an object"],
  [{ permissions: [] }, "manifest.permissions is not an object"],
  [{ permissions: { read: true } }, "manifest.permissions.read is no permission; there are net and secrets"],
  [{ permissions: { net: "db" } }, "manifest.permissions.net is not an array"],
  [{ permissions: { net: ["db", 1] } }, 'manifest.permissions.net[1] is not "host" or "host:port"'],
  [{ permissions: { net: ["http://db"] } }, 'manifest.permissions.net[0] is not "host" or "host:port"'],
  [{ permissions: { net: ["db:65536"] } }, 'manifest.permissions.net[0] is not "host" or "host:port"'],
])("the malformed manifest %j fails the job, and says why", async ([manifest, what]) => {
  expect(await outcomeWith(closed, manifest)).toMatchObject({
    type: "failed",
    error: { message: `The program's manifest is malformed: ${what}` },
  });
});
