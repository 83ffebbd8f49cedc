import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { expect, test } from "vitest";
import { z } from "zod";
import {
  type Auth,
  type Dao,
  definePlugin,
  type Plugin,
  type PluginKind,
  type StoreState,
  StoreUnavailable,
} from "../../../plugins/contract/mod.ts";
import memory from "../../../plugins/dao-memory/mod.ts";
import { startPluginServer } from "../../../plugins/remote-server/mod.ts";
import { credentialsWith } from "../../../test/contract/mod.ts";
import { json, sampleId, sampleJob } from "../../../test/contract/samples.ts";
import { createTemporaryDirectory } from "../../../test/contract/temporary_directory.ts";
import { startRemote } from "../../../test/plugins/server.ts";
import type { PluginError } from "../mod.ts";

const { signal } = new AbortController();
const alice = credentialsWith({ authorization: "Bearer alice" });

/** Accepts every caller, under the name in its credentials. */
const naming = definePlugin({
  kind: "auth",
  name: "naming",
  config: z.strictObject({ role: z.string().min(1), size: z.int().optional() }),
  start: async ({ config: { role } }): Promise<Auth> => ({
    admitsAnyone: false,
    async authenticate({ headers }) {
      const id = headers.get("authorization")?.replace("Bearer ", "");
      return id === undefined ? { kind: "absent" } : { kind: "principal", principal: { id, roles: [role] } };
    },
    async [Symbol.asyncDispose]() {},
  }),
});

/** An in-memory DAO with a custom `jobs.get()`. */
function readingJobs(get: Dao["jobs"]["get"]): Plugin<"dao"> {
  return {
    ...memory,
    async start(start) {
      const dao = await memory.start({ ...start, config: {} });
      return { ...dao, jobs: { ...dao.jobs, get } };
    },
  };
}

function serve<Kind extends PluginKind, Config>(plugin: Plugin<Kind, Config>, listen = "127.0.0.1:0") {
  return startPluginServer(plugin, { listen, log: { info() {}, warn() {} } });
}

/** A socket address that several servers can use in turn. */
async function createSocketPath() {
  const directory = await createTemporaryDirectory();
  return { listen: `unix:${join(directory.path, "s")}`, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

async function startError(start: Promise<unknown>): Promise<PluginError> {
  const [outcome] = await Promise.allSettled([start]);
  expect(outcome).toMatchObject({ status: "rejected", reason: { name: "PluginError" } });
  return (outcome as PromiseRejectedResult).reason;
}

/** An auth plugin built with the .proto files only. */
async function startForeignAuth(authenticate: () => object, handshake: object = {}) {
  const proto = join(import.meta.dirname, "../../../proto");
  const files = ["handshake", "auth"].map((name) => `hearth/plugin/v1/${name}.proto`);
  const definition = loadSync(files, { includeDirs: [proto], keepCase: true });
  expect(loadPackageDefinition(definition)).toHaveProperty("hearth.plugin.v1.AuthService");
  const server = new Server();
  const add = (name: string, methods: Record<string, () => object>) => {
    const handlers = Object.entries(methods).map(([method, answer]) => [
      method,
      (_call: unknown, callback: (error: null, answer: object) => void) => callback(null, answer()),
    ]);
    server.addService(definition[name] as never, Object.fromEntries(handlers) as UntypedServiceImplementation);
  };
  const auth = { contract_version: 1, kind: "PLUGIN_KIND_AUTH", name: "foreign", auth: { admits_anyone: false } };
  add("hearth.plugin.v1.PluginService", { Handshake: () => ({ ...auth, ...handshake }) });
  add("hearth.plugin.v1.AuthService", { Authenticate: authenticate });
  const bound = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_error, port) => bound.resolve(port));
  return {
    address: `grpc://127.0.0.1:${await bound.promise}`,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

test.each([
  ["grpc://127.0.0.1:1", "ECONNREFUSED"],
  ["unix:/absent/socket", "ENOENT"],
  ["grpc://nowhere", "not a valid grpc://HOST:PORT, grpcs://NAME:PORT or unix:/PATH"],
  ["grpcs://127.0.0.1:1", "not a valid grpc://HOST:PORT, grpcs://NAME:PORT or unix:/PATH"],
  ["grpcs://a:b@c:1", "not a valid grpc://HOST:PORT, grpcs://NAME:PORT or unix:/PATH"],
])("a plugin at %s fails in step load", async (address, fault) => {
  const error = await startError(startRemote("dao", address));

  expect(error).toMatchObject({ plugin: address, step: "load" });
  expect(error.message).toContain(`Cannot load plugin "${address}": `);
  expect(error.message).toContain(fault);
});

test("a plugin that never becomes ready times out, and the connection is closed", async () => {
  await using served = await serve({ ...memory, start: () => new Promise(() => {}) });
  const sockets: Socket[] = [];
  const relay = createServer((socket) => {
    sockets.push(socket);
    socket.pipe(connect(Number(served.address.split(":").at(-1)), "127.0.0.1")).pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(relay, "listening");
  const { port } = relay.address() as AddressInfo;

  const error = await startError(startRemote("dao", `grpc://127.0.0.1:${port}`, {}, { timeoutMs: 3000 }));

  expect(error).toMatchObject({ step: "start" });
  expect(error.message).toContain("it took longer than 3000 ms");
  await expect.poll(() => sockets.length > 0 && sockets.every(({ closed }) => closed)).toBe(true);
  relay.close();
});

test("an invalid config fails in step configure with all problems", async () => {
  await using served = await serve(naming);

  const own = await startError(startRemote("auth", served.address, { config: { role: 1, size: "x", extra: true } }));
  expect(own.step).toBe("configure");
  for (const part of ["role: ", "size: ", "extra"]) expect(own.message).toContain(part);

  const ours = await startError(startRemote("auth", served.address, { timeoutMs: 0, extra: 1, certFile: 1 }));
  expect(ours.step).toBe("configure");
  for (const part of ["timeoutMs", "extra", "certFile"]) expect(ours.message).toContain(part);

  const tls = await startError(startRemote("auth", served.address, { caFile: import.meta.filename }));
  expect(tls.message).toContain("are for grpcs:// addresses");

  await using _running = await startRemote("auth", served.address, { config: { role: "a" } });
  const second = await startError(startRemote("auth", served.address, { config: { role: "b" } }));
  expect(second.message).toContain("it runs already, with another configuration");
});

test("a plugin that cannot start fails in step start with its message, and may start later", async () => {
  let isFull = true;
  const full: Plugin<"dao"> = {
    ...memory,
    async start(start) {
      if (isFull) throw new Error("disk is full");
      return memory.start({ ...start, config: {} });
    },
  };
  await using served = await serve(full);

  const error = await startError(startRemote("dao", served.address));
  expect(error).toMatchObject({ step: "start", message: `Cannot start plugin "${served.address}": disk is full` });

  isFull = false;
  await using dao = await startRemote("dao", served.address);
  await dao.checkHealth();
});

test("methods of an unavailable DAO reject with Unavailable; a restarted one is configured again", async () => {
  await using socket = await createSocketPath();
  const first = await serve(memory, socket.listen);
  await using dao = await startRemote("dao", first.address);
  expect(await dao.jobs.insert(sampleJob(1), json({}))).toBeUndefined();

  await first[Symbol.asyncDispose]();
  await expect(dao.jobs.get(sampleId(1))).rejects.toMatchObject({ name: "ConnectError", code: status.UNAVAILABLE });
  await expect(dao.jobs.insert(sampleJob(2), json({}))).rejects.toMatchObject({ code: status.UNAVAILABLE });
  await expect(dao.checkHealth()).rejects.toMatchObject({ code: status.UNAVAILABLE });

  await using _second = await serve(memory, socket.listen);
  await expect.poll(() => dao.checkHealth().then(() => "well", String)).toBe("well");
  expect(await dao.jobs.insert(sampleJob(3), json({}))).toBeUndefined();
});

test("an unavailable auth plugin rejects every caller; a restarted one is configured again", async () => {
  await using socket = await createSocketPath();
  const first = await serve(naming, socket.listen);
  await using auth = await startRemote("auth", first.address, { config: { role: "admin" } });
  const asked = () => auth.authenticate(alice, { signal });
  const answer = { kind: "principal", principal: { id: "alice", roles: ["admin"] } };
  expect(await asked()).toEqual(answer);

  await first[Symbol.asyncDispose]();
  await expect(asked()).rejects.toMatchObject({ name: "RemoteCallError" });

  await using _second = await serve(naming, socket.listen);
  await expect.poll(() => asked().catch(String)).toEqual(answer);
});

test("a plugin that has changed after a restart is not used", async () => {
  await using socket = await createSocketPath();
  const first = await serve(naming, socket.listen);
  await using auth = await startRemote("auth", first.address, { config: { role: "admin" } });
  await first[Symbol.asyncDispose]();

  const start: Plugin<"auth">["start"] = async (given) => ({
    ...(await naming.start({ ...given, config: { role: "admin" } })),
    admitsAnyone: true,
  });
  await using _second = await serve({ ...naming, start }, socket.listen);
  const asked = () => auth.authenticate(alice, { signal }).then((answer) => answer.kind, String);
  await expect.poll(asked).toContain("the plugin has changed");
});

test("a call that times out rejects with Unavailable, one with a broken back end with its error", async () => {
  await using slow = await serve(readingJobs(() => new Promise(() => {})));
  await using broken = await serve(readingJobs(() => Promise.reject(new Error("disk is full"))));
  await using slowDao = await startRemote("dao", slow.address, { timeoutMs: 2000 });
  await using brokenDao = await startRemote("dao", broken.address);

  await expect(slowDao.jobs.get(sampleId(1))).rejects.toMatchObject({ code: status.UNAVAILABLE });
  await expect(brokenDao.jobs.get(sampleId(1))).rejects.toMatchObject({
    name: "RemoteCallError",
    code: status.INTERNAL,
    message: "disk is full",
  });
});

test("a DAO with an unusable store reports its state, for reads and writes", async () => {
  const full = new StoreUnavailable("full", "no space left on /secret");
  const fail = () => Promise.reject(full);
  const plugin: Plugin<"dao"> = {
    ...memory,
    async start(start) {
      const dao = await memory.start({ ...start, config: {} });
      return { ...dao, jobs: { ...dao.jobs, get: fail, insert: fail } };
    },
  };
  await using served = await serve(plugin);
  await using dao = await startRemote("dao", served.address);

  const noSpace = { code: status.UNAVAILABLE, message: expect.stringContaining("has no space left") };
  await expect(dao.jobs.get(sampleId(1))).rejects.toMatchObject(noSpace);
  await expect(dao.jobs.insert(sampleJob(1), json(1))).rejects.toMatchObject(noSpace);
  expect(await dao.jobs.list({}, { limit: 1 })).toEqual([]);
});

test.each<[StoreState, string]>([
  ["denied", "start"],
  ["away", "load"],
])("a plugin whose store is %s at its start fails in step %s", async (state, step) => {
  const start = () => Promise.reject(new StoreUnavailable(state, "cannot open it"));
  await using served = await serve({ ...memory, start });
  const started: Promise<Dao> = startRemote("dao", served.address);
  await expect(started).rejects.toMatchObject({ step, message: expect.stringContaining("cannot open it") });
});

test.each<[string, object, string]>([
  ["nothing", {}, "returned an empty response"],
  ["a principal without an id", { principal: { roles: ["admin"] } }, "without an id"],
  ["a challenge of two lines", { absent: { challenge: "Bearer\r\nset-cookie: a" } }, "not a valid header value"],
])("an auth plugin that returns %s rejects every caller", async (_what, answer, fault) => {
  await using foreign = await startForeignAuth(() => answer);
  await using auth = await startRemote("auth", foreign.address);

  await expect(auth.authenticate(alice, { signal })).rejects.toThrow(fault);
});

test("an empty limit of permissions is passed on as a limit, and an absent one as absent", async () => {
  const principals = [{ id: "a", limit: { permissions: [] } }, { id: "b" }];
  await using foreign = await startForeignAuth(() => ({ principal: principals.shift() }));
  await using auth = await startRemote("auth", foreign.address);

  const limited = await auth.authenticate(alice, { signal });
  const unlimited = await auth.authenticate(alice, { signal });

  expect(limited).toEqual({ kind: "principal", principal: { id: "a", roles: [], permissions: [] } });
  expect(unlimited).toEqual({ kind: "principal", principal: { id: "b", roles: [] } });
});

test("a plugin without capabilities or a name fails in step check", async () => {
  await using mute = await startForeignAuth(() => ({}), { auth: undefined });
  await using nameless = await startForeignAuth(() => ({}), { name: "" });

  expect(await startError(startRemote("auth", mute.address))).toMatchObject({ step: "check" });
  expect(await startError(startRemote("auth", nameless.address))).toMatchObject({ step: "check" });
});
