import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { startPluginProcess, startRemote } from "../../test/plugins/server.ts";
import memory from "../dao-memory/mod.ts";
import { startPluginServer } from "./mod.ts";

const log = { info() {}, warn() {} };

test("startPluginServer() takes the socket of a process that was killed", async () => {
  await using directory = await createTemporaryDirectory();
  const listen = `unix:${join(directory.path, "s")}`;
  const killed = await startPluginProcess("dao-memory", { listen });
  await killed.kill();

  await using served = await startPluginServer(memory, { listen, log });

  await using dao = await startRemote("dao", served.address);
  await dao.checkHealth();
});

test("startPluginServer() keeps a socket in use, and files that are not sockets", async () => {
  await using directory = await createTemporaryDirectory();
  const socket = `unix:${join(directory.path, "s")}`;
  const file = join(directory.path, "file");
  await writeFile(file, "precious");
  await using served = await startPluginServer(memory, { listen: socket, log });

  await expect(startPluginServer(memory, { listen: socket, log })).rejects.toThrow(`Cannot listen on "${socket}": `);
  await expect(startPluginServer(memory, { listen: `unix:${file}`, log })).rejects.toThrow("Cannot listen on ");

  await using dao = await startRemote("dao", served.address);
  await dao.checkHealth();
  expect(await readFile(file, "utf8")).toBe("precious");
});
