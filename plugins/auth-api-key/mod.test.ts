import { spawnSync } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { credentialsWith, describeAuth } from "../../test/contract/auth_suite.ts";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import type { Auth } from "../contract/mod.ts";
import apiKey from "./mod.ts";

const { signal } = new AbortController();

function start(file: string): Promise<Auth> {
  return apiKey.start({ config: { file }, log: { info() {}, warn() {} }, signal });
}

function keys(...args: readonly string[]) {
  const program = resolve(import.meta.dirname, "keys.ts");
  return spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
}

function bearer(key: string) {
  return credentialsWith({ authorization: `Bearer ${key}` });
}

/** Keys and their file, created by the program. */
async function makeKeys() {
  await using directory = await createTemporaryDirectory();
  const file = join(directory.path, "keys.json");
  const key = keys(
    ...["create", file, "--name", "ci", "--roles", "deployer", "--permissions", "jobs:*,binaries:upload"],
  );
  const old = keys("create", file, "--name", "old", "--roles", "deployer", "--days", "0.0000001");
  const revoked = keys("create", file, "--name", "gone", "--roles", "deployer", "--days", "30");
  const text = { key: key.stdout.trim(), old: old.stdout.trim(), revoked: revoked.stdout.trim() };
  expect(keys("revoke", file, idOf(text.revoked)).status).toBe(0);
  return { content: await readFile(file, "utf8"), mode: (await stat(file)).mode & 0o777, ...text };
}

const made = makeKeys();

/** A file with those keys. */
async function createKeys() {
  const directory = await createTemporaryDirectory();
  const file = join(directory.path, "keys.json");
  await writeFile(file, (await made).content);
  return { file, ...(await made), [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

function idOf(key: string): string {
  return key.split("_")[1] ?? "";
}

/** The secret may contain underscores. */
function secretOf(key: string): string {
  return key.split("_").slice(2).join("_");
}

describeAuth("auth-api-key", async () => {
  const made = await createKeys();
  const { key, old, revoked } = made;
  const otherSecret = `${key.slice(0, -1)}${key.endsWith("A") ? "B" : "A"}`;
  return {
    open: () => start(made.file),
    good: {
      credentials: bearer(key),
      principal: { id: "ci", roles: ["deployer"], permissions: ["jobs:*", "binaries:upload"] },
    },
    bad: {
      "another secret": bearer(otherSecret),
      "an unknown id": bearer(key.replace(idOf(key), "0123456789ab")),
      "the id of another key": bearer(key.replace(idOf(key), idOf(revoked))),
      "an expired key": bearer(old),
      "a revoked key": bearer(revoked),
      "half a key": bearer(key.slice(0, 30)),
      "a wrong X-API-Key": credentialsWith({ "x-api-key": otherSecret }),
      "no key in X-API-Key": credentialsWith({ "x-api-key": "secret" }),
    },
    secrets: [secretOf(key)],
    [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
  };
});

test("a key may be in X-API-Key, beside another bearer token", async () => {
  await using made = await createKeys();
  await using auth = await start(made.file);
  const credentials = credentialsWith({ authorization: "Bearer e30.e30.e30", "x-api-key": made.key });
  expect(await auth.authenticate(credentials, { signal })).toMatchObject({
    kind: "principal",
    principal: { id: "ci" },
  });
});

test("a bearer token of another kind is absent", async () => {
  await using made = await createKeys();
  await using auth = await start(made.file);
  expect(await auth.authenticate(bearer("e30.e30.e30"), { signal })).toMatchObject({ kind: "absent" });
});

test("a key that is revoked while the plugin runs is refused", async () => {
  await using made = await createKeys();
  await using auth = await start(made.file);
  expect(await auth.authenticate(bearer(made.key), { signal })).toMatchObject({ kind: "principal" });

  keys("revoke", made.file, idOf(made.key));

  const answer = () => auth.authenticate(bearer(made.key), { signal });
  await expect.poll(answer).toMatchObject({ kind: "refused", reason: expect.stringMatching(/revoked$/) });
});

test("the file has hashes only and is private; list shows no secrets", async () => {
  await using made = await createKeys();
  const { content: text } = made;
  const { stdout } = keys("list", made.file);
  for (const key of [made.key, made.old, made.revoked]) {
    expect(text).not.toContain(secretOf(key));
    expect(stdout).not.toContain(secretOf(key));
  }
  expect(made.mode).toBe(0o600);
  expect(stdout).toMatch(/^[0-9a-f]{12} ci as deployer for jobs:\*,binaries:upload, until revoked\n/);
});

test("start() reports the problem of a file of keys", async () => {
  await using directory = await createTemporaryDirectory();
  const file = join(directory.path, "keys.json");
  await expect(start(file)).rejects.toThrow("ENOENT");
  await writeFile(file, '{"keys": [{"id": "x"}]}');
  await expect(start(file)).rejects.toThrow(/keys\[0\]\.id/);
});

test("keys refuses what it cannot do", () => {
  expect(keys()).toMatchObject({ status: 2, stderr: expect.stringContaining("Usage: ") });
  expect(keys("create", "x", "--name", "a").stderr).toContain("--name and --roles are needed");
  expect(keys("create", "x", "--name", "a", "--roles", "b", "--days", "0").stderr).toContain("Cannot create a key");
  expect(keys("revoke", "x", "0123456789ab").stderr).toContain('Cannot revoke key "0123456789ab"');
});
