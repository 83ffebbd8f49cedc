import { spawnSync } from "node:child_process";
import { open } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, test } from "vitest";
import { damageBlob } from "../../../plugins/blobs-nats/testing/damage.ts";
import { checkDamagedRecords } from "../../../test/contract/damaged_records.ts";
import { credentialsWith, describeAuth, describeBlobs, describeDao } from "../../../test/contract/mod.ts";
import { createTemporaryDirectory } from "../../../test/contract/temporary_directory.ts";
import { startTestNatsServer, type TestNatsServer } from "../../../test/nats/server.ts";
import { type PluginServers, startPluginServers, startRemote } from "../../../test/plugins/server.ts";

let servers: PluginServers;
let nats: TestNatsServer;
let buckets = 0;
beforeAll(async () => {
  servers = await startPluginServers();
  nats = await startTestNatsServer();
});
afterAll(async () => {
  await servers[Symbol.asyncDispose]();
  await nats[Symbol.asyncDispose]();
});

describeDao("dao-memory over a Unix socket", async () => {
  const served = await servers.serve("dao-memory", { over: "unix" });
  return {
    open: () => startRemote("dao", served.address),
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
});

describeDao("dao-sqlite over TCP", async () => {
  const directory = await createTemporaryDirectory();
  const served = await servers.serve("dao-sqlite", { over: "tcp" });
  const config = { path: join(directory.path, "hearth.sqlite") };
  return {
    open: () => startRemote("dao", served.address, { config }),
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
});

test("a remote plugin omits unreadable records from lists and reports them, too", async () => {
  await using directory = await createTemporaryDirectory();
  await using served = await servers.serve("dao-sqlite", { over: "unix" });
  const path = join(directory.path, "hearth.sqlite");
  await using dao = await startRemote("dao", served.address, { config: { path } });
  await checkDamagedRecords(dao, {
    logged: undefined,
    async damage(table, where, message) {
      using database = new DatabaseSync(path);
      database.prepare(`UPDATE ${table} SET message = ? WHERE ${where}`).run(message);
    },
  });
});

describeBlobs("blobs-fs over a Unix socket", async () => {
  const directory = await createTemporaryDirectory();
  const served = await servers.serve("blobs-fs", { over: "unix" });
  return {
    open: () => startRemote("blobs", served.address, { config: { path: directory.path } }),
    async damage(digest) {
      const [algorithm = "", hex = ""] = digest.split(":");
      await using file = await open(join(directory.path, algorithm, hex.slice(0, 2), hex.slice(2)), "r+");
      await file.write(new Uint8Array([1, 2, 3]), { position: 1000 });
    },
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
});

describeBlobs("blobs-nats over TCP", async () => {
  const served = await servers.serve("blobs-nats", { over: "tcp" });
  const config = { url: nats.url, bucket: `blobs-${++buckets}` };
  return {
    open: () => startRemote("blobs", served.address, { config }),
    damage: (digest) => damageBlob(digest, config),
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
});

for (const over of ["tcp", "unix"] as const) {
  describeAuth(`auth-basic over ${over}`, async () => {
    const directory = await createTemporaryDirectory();
    const file = join(directory.path, "users");
    const passwd = resolve(import.meta.dirname, "../../../plugins/auth-basic/passwd.ts");
    spawnSync(process.execPath, [passwd, file, "alice", "--roles", "admin,viewer"], { input: "correct\n" });
    const served = await servers.serve("auth-basic", { over });
    return {
      open: () => startRemote("auth", served.address, { config: { file } }),
      good: {
        credentials: basicHeader("alice", "correct"),
        principal: { id: "alice", roles: ["admin", "viewer"] },
      },
      bad: {
        "a wrong password": basicHeader("alice", "wrong"),
        "an unknown user": basicHeader("mallory", "correct"),
        nothing: credentialsWith({ authorization: "Basic" }),
      },
      secrets: ["correct"],
      async [Symbol.asyncDispose]() {
        await served[Symbol.asyncDispose]();
        await directory[Symbol.asyncDispose]();
      },
    };
  });
}

function basicHeader(name: string, password: string) {
  return credentialsWith({ authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}` });
}
