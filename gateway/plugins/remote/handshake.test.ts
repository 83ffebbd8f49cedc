import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server as NetServer } from "node:net";
import { create } from "@bufbuild/protobuf";
import { Client, credentials, Server, ServerCredentials, type ServiceError, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import fs from "../../../plugins/blobs-fs/mod.ts";
import type { Dao, Plugin, PluginKind } from "../../../plugins/contract/mod.ts";
import memory from "../../../plugins/dao-memory/mod.ts";
import { startPluginServer } from "../../../plugins/remote-server/mod.ts";
import {
  DaoService,
  HandshakeRequestSchema,
  type HandshakeResponse,
  loadService,
  PluginService,
  PluginKind as RemoteKind,
} from "../../../proto/remote_plugin.ts";
import { startRemote } from "../../../test/plugins/server.ts";

const log = { info() {}, warn() {} };

function serve<Kind extends PluginKind, Config>(plugin: Plugin<Kind, Config>) {
  return startPluginServer(plugin, { listen: "127.0.0.1:0", log });
}

/** A gRPC server that responds to handshakes with `answer`; without it, the method is unimplemented. */
async function serveForeign(answer?: object) {
  const server = new Server();
  if (answer !== undefined) {
    const definition = await loadService(PluginService);
    const { output } = PluginService.method.handshake;
    server.addService(definition, {
      Handshake: (_call: unknown, callback: (error: null, answer: object) => void) =>
        callback(null, create(output, answer)),
    });
  }
  const bound = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_error, port) => bound.resolve(port));
  return {
    address: `grpc://127.0.0.1:${await bound.promise}`,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

async function listen(server: NetServer) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `grpc://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

/** The response to a handshake by another client; rejects with the gRPC status. */
async function shakeHandsWith(address: string, asked: { contractVersion: number; kind: RemoteKind }) {
  const client = new Client(address.replace("grpc://", ""), credentials.createInsecure());
  const { path = "", requestSerialize, responseDeserialize } = (await loadService(PluginService))["Handshake"] ?? {};
  const answered = Promise.withResolvers<HandshakeResponse>();
  client.makeUnaryRequest(
    path,
    requestSerialize as never,
    responseDeserialize as (bytes: Buffer) => HandshakeResponse,
    create(HandshakeRequestSchema, asked),
    (error, answer) => (error === null && answer ? answered.resolve(answer) : answered.reject(error)),
  );
  return answered.promise.finally(() => client.close());
}

test.each([0, 2, 99])("a plugin of contract version %i fails in step check", async (contract) => {
  await using served = await serve({ ...memory, contract });

  await expect(startRemote("dao", served.address)).rejects.toMatchObject({
    step: "check",
    message: `Cannot check plugin "${served.address}": it was written for version ${contract} of the plugin contract, this Hearth has version 1`,
  });
});

test.each<[PluginKind, string]>([
  ["auth", "dao"],
  ["blobs", "dao"],
])("a plugin that is configured as kind %s and is of kind %s fails in step check", async (kind, is) => {
  await using served = await serve(memory);

  await expect(startRemote(kind, served.address)).rejects.toMatchObject({
    step: "check",
    message: `Cannot check plugin "${served.address}": it is of kind "${is}", not "${kind}"`,
  });
});

test("a plugin of an unknown kind fails in step check", async () => {
  await using foreign = await serveForeign({ contractVersion: 1, kind: 77, name: "foreign" });

  await expect(startRemote("dao", foreign.address)).rejects.toMatchObject({
    step: "check",
    message: `Cannot check plugin "${foreign.address}": it is of kind "77", not "dao"`,
  });
});

test("a plugin with the capabilities of another kind fails in step check", async () => {
  const capabilities = { case: "auth", value: { admitsAnyone: true } } as const;
  await using foreign = await serveForeign({
    contractVersion: 1,
    kind: RemoteKind.BLOBS,
    name: "foreign",
    capabilities,
  });

  await expect(startRemote("blobs", foreign.address)).rejects.toMatchObject({
    step: "check",
    message: `Cannot check plugin "${foreign.address}": it does not declare the capabilities of its kind`,
  });
});

test("a DAO plugin that predates the outbox fails in step check", async () => {
  const capabilities = { case: "dao", value: { durable: true, shared: true } } as const;
  await using foreign = await serveForeign({ contractVersion: 1, kind: RemoteKind.DAO, name: "foreign", capabilities });
  const { outbox: _none, ...old } = await memory.start({ config: {}, log, signal: new AbortController().signal });
  await using served = await serve({ ...memory, start: async () => old as Dao });

  for (const { address } of [foreign, served]) {
    await expect(startRemote("dao", address)).rejects.toMatchObject({
      step: "check",
      message: `Cannot check plugin "${address}": it keeps no outbox, so ends of jobs would not be published; use a version of it that does (docs/plugins.md, "The outbox of a DAO")`,
    });
  }
});

test("a gRPC server that is not a plugin fails in step check", async () => {
  await using foreign = await serveForeign();

  await expect(startRemote("dao", foreign.address)).rejects.toMatchObject({
    step: "check",
    message: `Cannot check plugin "${foreign.address}": it is not a plugin: it does not serve hearth.plugin.v1.PluginService`,
  });
});

test("a server that does not speak gRPC fails in step load or check, with its address", async () => {
  await using web = await listen(createHttpServer((_request, response) => response.end("hello")));
  await using modern = await listen(
    createHttp2Server((_request, response) => {
      response.statusCode = 404;
      response.end("nothing here");
    }),
  );

  await expect(startRemote("dao", web.address)).rejects.toMatchObject({ plugin: web.address, step: "load" });
  await expect(startRemote("dao", modern.address)).rejects.toMatchObject({ plugin: modern.address, step: "check" });
});

test.each([
  ["an older version", { contractVersion: 0, kind: RemoteKind.BLOBS }],
  ["a newer version", { contractVersion: 2, kind: RemoteKind.BLOBS }],
  ["another kind", { contractVersion: 1, kind: RemoteKind.DAO }],
  ["an unknown kind", { contractVersion: 1, kind: 77 as RemoteKind }],
])("a plugin that is configured for %s reports its kind, and starts nothing", async (_what, asked) => {
  let starts = 0;
  await using served = await serve({
    ...fs,
    start(start) {
      starts++;
      return fs.start(start);
    },
  });

  const answer = await shakeHandsWith(served.address, asked);

  expect(answer).toMatchObject({
    contractVersion: 1,
    kind: RemoteKind.BLOBS,
    name: "fs",
    faults: [],
    capabilities: { case: undefined },
  });
  expect(starts).toBe(0);
});

test("calls before the first handshake fail with FAILED_PRECONDITION", async () => {
  await using served = await serve(memory);
  const client = new Client(served.address.replace("grpc://", ""), credentials.createInsecure());
  const { path = "" } = (await loadService(DaoService))["Write"] ?? {};
  const answered = Promise.withResolvers<ServiceError | null>();
  const asIs = (bytes: Buffer) => bytes;
  client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), (error) => answered.resolve(error));

  expect(await answered.promise).toMatchObject({ code: status.FAILED_PRECONDITION });
  client.close();
});
