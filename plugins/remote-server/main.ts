/** Serves a plugin: `node plugins/remote-server/main.ts ./my-plugin/mod.ts --listen unix:/run/my-plugin.sock`. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { ServerCredentials } from "@grpc/grpc-js";
import { pino } from "pino";
import type { Plugin } from "../contract/mod.ts";
import { startPluginServer } from "./mod.ts";

const file = { type: "string" } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { listen: { type: "string", default: "127.0.0.1:0" }, cert: file, key: file, "client-ca": file },
});
const [path] = positionals;
if (path === undefined) {
  throw new Error("Usage: main.ts MODULE [--listen HOST:PORT|unix:PATH] [--cert FILE --key FILE [--client-ca FILE]]");
}

const log = pino();
const { default: plugin }: { default: Plugin } = await import(pathToFileURL(resolve(path)).href);
const server = await startPluginServer(plugin, {
  listen: values.listen,
  credentials: readCredentials(),
  log: {
    info: (message, fields) => log.info({ ...fields }, message),
    warn: (message, fields) => log.warn({ ...fields }, message),
  },
});
log.info({ plugin: plugin.name, address: server.address }, "listening");

for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => void server[Symbol.asyncDispose]());

function readCredentials(): ServerCredentials | undefined {
  const { cert, key, "client-ca": clientCa } = values;
  if (cert === undefined || key === undefined) return undefined;
  const pair = { cert_chain: readFileSync(cert), private_key: readFileSync(key) };
  return ServerCredentials.createSsl(clientCa ? readFileSync(clientCa) : null, [pair], clientCa !== undefined);
}
