import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pino } from "pino";
import { startPlugin } from "../../gateway/plugins/mod.ts";
import type { PluginKind, PluginKinds } from "../../plugins/contract/mod.ts";
import { createTemporaryDirectory } from "../contract/temporary_directory.ts";

/** A plugin that another process serves. */
export interface ServedPlugin extends AsyncDisposable {
  /** As the configuration of a gateway names it. */
  readonly address: string;
}

/** A process that serves plugins of this repository, each on an address of its own. */
export interface PluginServers extends AsyncDisposable {
  serve(plugin: string, options: { over: "tcp" | "unix" }): Promise<ServedPlugin>;
}

export async function startPluginServers(): Promise<PluginServers> {
  const directory = await createTemporaryDirectory();
  const child = fork(join(import.meta.dirname, "server_child.ts"));
  let sockets = 0;
  return {
    async serve(plugin, { over }) {
      const module = resolve(import.meta.dirname, "../../plugins", plugin, "mod.ts");
      const listen = over === "tcp" ? "127.0.0.1:0" : `unix:${join(directory.path, String(++sockets))}`;
      const { address } = await ask(child, { module, listen });
      return {
        address,
        async [Symbol.asyncDispose]() {
          await ask(child, address);
        },
      };
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** A process of the program that serves one plugin. */
export interface PluginProcess extends ServedPlugin {
  /** Kills it as a power cut would. */
  kill(): Promise<void>;
}

export async function startPluginProcess(plugin: string, { listen }: { listen: string }): Promise<PluginProcess> {
  const program = resolve(import.meta.dirname, "../../plugins/remote-server/main.ts");
  const module = resolve(import.meta.dirname, "../../plugins", plugin, "mod.ts");
  const child = spawn(process.execPath, [program, module, "--listen", listen], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const [line] = await Promise.race([once(createInterface(child.stdout), "line"), exited]);
  if (typeof line !== "string") throw new Error(`The program that serves ${plugin} has ended with ${line}`);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await exited;
  };
  return {
    address: JSON.parse(line).address,
    kill: () => end("SIGKILL"),
    [Symbol.asyncDispose]: () => end("SIGTERM"),
  };
}

/** Starts a plugin as a gateway does. */
export function startRemote<Kind extends PluginKind>(
  kind: Kind,
  plugin: string,
  config: Readonly<Record<string, unknown>> = {},
  { timeoutMs }: { timeoutMs?: number } = {},
): Promise<PluginKinds[Kind]> {
  const { signal } = new AbortController();
  return startPlugin(kind, { plugin, config }, { log: pino({ enabled: false }), signal, baseDir: ".", timeoutMs });
}

/** Tests send one request at a time. */
async function ask(
  child: ChildProcess,
  asked: { module: string; listen: string } | string,
): Promise<{ address: string }> {
  const answered = once(child, "message");
  child.send(asked);
  const [answer] = await answered;
  return answer;
}
