/** Serves a plugin: `node plugins/remote-server/main.ts ./my-plugin/mod.ts --listen unix:/run/my-plugin.sock`. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ServerCredentials } from "@grpc/grpc-js";
import { pino } from "pino";
import { type CommandLine, onEndRequest, runProgram, UsageError } from "../command-line/mod.ts";
import type { Plugin } from "../contract/mod.ts";
import { startPluginServer } from "./mod.ts";

const file = { type: "string" } as const;

const PROGRAM = {
  command: "node plugins/remote-server/main.ts",
  usage: `MODULE [--listen HOST:PORT|unix:PATH] [--cert FILE --key FILE [--client-ca FILE]]
Serves the plugin that is the default export of MODULE to gateways, by gRPC, until it is stopped.

  --listen      where; default a free port of 127.0.0.1, which its log tells
  --cert --key  certificate and key of the server, PEM; without them it speaks in the clear
  --client-ca   whose certificates gateways must show`,
  flags: { listen: file, cert: file, key: file, "client-ca": file },
} as const;

/** In the notation of gateways: an IPv6 address is in brackets. */
const ADDRESS = /^unix:.|^(?:\[[\dA-Fa-f:.]+\]|[^:[\]/,\s]+):\d{1,5}$/;

type Flags = CommandLine<typeof PROGRAM.flags>["values"];

await runProgram(PROGRAM, async ({ values, positionals: [module, ...rest] }) => {
  if (module === undefined) throw new UsageError("Cannot serve a plugin: expected its MODULE");
  if (rest.length > 0) throw new UsageError(`Cannot serve a plugin: expected one MODULE, got "${rest[0]}" too`);
  const { listen = "127.0.0.1:0" } = values;
  if (!ADDRESS.test(listen)) throw new UsageError(`Cannot listen on "${listen}": expected HOST:PORT or unix:PATH`);
  const log = pino();
  const credentials = readCredentials(values);
  const plugin = await loadPlugin(module);
  const server = await startPluginServer(plugin, {
    listen,
    credentials,
    log: {
      info: (message, fields) => log.info({ ...fields }, message),
      warn: (message, fields) => log.warn({ ...fields }, message),
    },
  });
  await using _ = server;
  const { promise: asked, resolve: end } = Promise.withResolvers<string>();
  onEndRequest(process, end);
  log.info({ plugin: plugin.name, address: server.address }, "listening");
  log.info({ signal: await asked }, "stopping");
});

async function loadPlugin(module: string): Promise<Plugin> {
  const fail = (reason: string, cause?: unknown): never => {
    throw new Error(`Cannot serve plugin "${module}": ${reason}`, { cause });
  };
  const path = resolve(module);
  if (!existsSync(path)) fail("there is no such file");
  const [loaded] = await Promise.allSettled([import(pathToFileURL(path).href)]);
  if (loaded.status === "rejected") return fail((loaded.reason as Error).message, loaded.reason);
  const { default: plugin } = loaded.value as { default?: Plugin };
  return plugin?.contract === undefined
    ? fail("its default export is not a plugin; create it with definePlugin()")
    : plugin;
}

/** Undefined: none were asked for. */
function readCredentials({ cert, key, "client-ca": clientCa }: Flags): ServerCredentials | undefined {
  if (cert === undefined && key === undefined && clientCa === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new UsageError("Cannot serve a plugin by TLS: --cert and --key are needed, both");
  }
  const pair = { cert_chain: read("cert", cert), private_key: read("key", key) };
  const authority = clientCa === undefined ? null : read("client-ca", clientCa);
  return ServerCredentials.createSsl(authority, [pair], authority !== null);
}

function read(flag: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Error(`Cannot read the file of --${flag}: ${(cause as Error).message}`, { cause });
  }
}
