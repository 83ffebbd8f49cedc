import { execFile } from "node:child_process";
import { resolve } from "node:path";
import type { Fault } from "../../cluster/mod.ts";

/** Nodes of this machine listen on loopback, whatever the file says. */
const NODE_LISTENS = "127.0.0.1:0";

/** Longest time that a process may take to check a configuration, in milliseconds: it starts no plugin. */
const CHECK_TIMEOUT_MS = 60_000;

/** As `printFault` prints one. */
const FAULT = /^ {2}(?<line>\S.*)$/gm;

/**
 * What gateway and node, which are asked and not started, find wrong with a configuration file; what both find is told once. `listen` is
 * where the gateway is told to, whatever the file says.
 */
export async function findPartFaults(
  configFile: string,
  { listen }: { readonly listen: string | undefined },
): Promise<Fault[]> {
  const args = ["--check", "--config", configFile];
  const told = await Promise.all([
    check("gateway/main.ts", [...args, ...(listen === undefined ? [] : ["--listen", listen])]),
    check("context-node/main.ts", [...args, "--listen", NODE_LISTENS]),
  ]);
  return [...new Set(told.flat())].map((what) => ({ where: "", what }));
}

/** The lines with which a process refuses its configuration. */
function check(part: string, args: readonly string[]): Promise<string[]> {
  const { promise, resolve: answer } = Promise.withResolvers<string[]>();
  const main = resolve(import.meta.dirname, "../..", part);
  execFile(process.execPath, [main, ...args], { timeout: CHECK_TIMEOUT_MS }, (error, _stdout, stderr) => {
    const lines = [...stderr.matchAll(FAULT)].map(({ groups }) => groups?.line ?? "");
    if (error === null) answer([]);
    else answer(lines.length > 0 ? lines : [`${error.message}\n${stderr}`]);
  });
  return promise;
}
