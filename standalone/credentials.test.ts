import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../test/contract/temporary_directory.ts";
import { log } from "../test/silent_log.ts";
import { openCredentials } from "./credentials.ts";
import { startNatsServer } from "./nats/nats_server.ts";

async function modesOf(folder: string): Promise<Record<string, string>> {
  const names = [".", ...(await readdir(folder))];
  const modes = names.map(async (name) => [name, ((await stat(join(folder, name))).mode & 0o777).toString(8)]);
  return Object.fromEntries(await Promise.all(modes));
}

test("openCredentials() creates a secret and passwords that only their owner may read, and keeps them", async () => {
  await using directory = await createTemporaryDirectory();
  const folder = join(directory.path, "credentials");
  const first = await openCredentials(folder);
  await first.writeUrl("nats://127.0.0.1:1");
  const urlFile = await first.writeUrl("nats://127.0.0.1:1", "subscriber");
  const files = ["cluster.secret", "gateway.password", "nats.conf", "nats.url", "node.password", "passwords.conf"];
  const all = [...files, "subscriber.password", "subscriber.url"];
  expect(await modesOf(folder)).toEqual({ ".": "700", ...Object.fromEntries(all.map((name) => [name, "600"])) });
  const read = () => Promise.all(all.map((name) => readFile(join(folder, name), "utf8")));
  const before = await read();
  const { username, password, host } = new URL(await readFile(urlFile, "utf8"));
  const expected = (await readFile(join(folder, "subscriber.password"), "utf8")).trim();
  expect({ username, password, host }).toEqual({ username: "subscriber", password: expected, host: "127.0.0.1:1" });
  await openCredentials(folder);
  expect(await read()).toEqual(before);
});

test("openCredentials() makes files and a folder private that others may read", async () => {
  await using directory = await createTemporaryDirectory();
  await openCredentials(directory.path);
  await chmod(directory.path, 0o755);
  await chmod(join(directory.path, "node.password"), 0o644);
  await openCredentials(directory.path);
  expect(await modesOf(directory.path)).toMatchObject({ ".": "700", "node.password": "600" });
});

test("openCredentials() accepts any characters in a password of the operator", async () => {
  await using directory = await createTemporaryDirectory();
  const password = 'it has "quotes", \\ and # { } $HOME in it';
  const folder = join(directory.path, "credentials");
  await mkdir(folder);
  await writeFile(join(folder, "gateway.password"), `${password}\n`);
  const { natsConfigFile: configFile } = await openCredentials(folder);
  await using server = await startNatsServer({ storeDir: join(directory.path, "nats"), port: 0, configFile, log });
  const options = { servers: server.url, user: "gateway", maxReconnectAttempts: 0 };
  const nats = await connect({ ...options, pass: password });
  await nats.close();
  await expect(connect({ ...options, pass: "another" })).rejects.toThrow("Authorization Violation");
});

test.each(["cluster.secret", "gateway.password", "subscriber.password"])(
  "openCredentials() refuses a file %s that a full disk has left empty",
  async (name) => {
    await using directory = await createTemporaryDirectory();
    await openCredentials(directory.path);
    await writeFile(join(directory.path, name), "");
    await expect(openCredentials(directory.path)).rejects.toThrow(
      `Cannot use "${join(directory.path, name)}": it has less than 16 characters. Delete it to create a new one`,
    );
  },
);
