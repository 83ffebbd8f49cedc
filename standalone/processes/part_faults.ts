import { execFile } from "node:child_process";
import { resolve } from "node:path";
import type { Fault } from "../../cluster/mod.ts";

/** Nodes of this machine listen on loopback; this overrides the file. */
const NODE_LISTENS = "127.0.0.1:0";

/** Timeout of a process that checks a configuration, in milliseconds. It starts no plugin. */
const CHECK_TIMEOUT_MS = 60_000;

/** A line that `printFault` prints. */
const FAULT = /^ {2}(?<line>\S.*)$/gm;

/**
 * Faults that gateway and node find in a configuration file, without starting. A fault that both find is listed once. `listen` overrides the
 * gateway's address of the file.
 */
export async function findPartFaults(
  configFile: string,
  { listen }: { readonly listen: string | undefined },
): Promise<Fault[]> {
  const args = ["--check", "--config", configFile];
  const found = await Promise.all([
    check("gateway/main.ts", [...args, ...(listen === undefined ? [] : ["--listen", listen])]),
    check("context-node/main.ts", [...args, "--listen", NODE_LISTENS]),
  ]);
  return [...new Set(found.flat())].map((what) => ({ where: "", what }));
}

/** The lines with the faults that a process finds. */
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
