import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startChild } from "../../standalone/mod.ts";
import { isOnPath, type Rival, startScript } from "./start.ts";

/** The server's names of its ports. */
const INGRESS = "http-ingress-server";
const ADMIN = "admin-api-server";

/** One node of Restate with its defaults, and one process with the service. Undefined if the command is not installed. */
export async function startRestate(
  directory: string,
  { command }: { readonly command: string },
): Promise<Rival | undefined> {
  if (!(await isOnPath(command))) return undefined;
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startServer(directory, command));
  const service = stack.use(await startScript("restate_service.ts"));
  const response = await fetch(`http://127.0.0.1:${server.ready.admin}/deployments`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ uri: `http://127.0.0.1:${service.ready}` }),
  });
  if (!response.ok) throw new Error(`Restate does not take the service: ${response.status} ${await response.text()}`);
  const owned = stack.move();
  return { url: `http://127.0.0.1:${server.ready.ingress}`, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function startServer(directory: string, command: string) {
  await mkdir(directory, { recursive: true });
  const settings = {
    "base-dir": directory,
    "bind-ip": "127.0.0.1",
    "listen-mode": "tcp",
    "use-random-ports": true,
    "log-format": "json",
    "disable-telemetry": true,
  };
  const file = join(directory, "restate.toml");
  // JSON and TOML write strings and booleans in the same way.
  await writeFile(
    file,
    Object.entries(settings)
      .map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`)
      .join(""),
  );
  const ports = new Map<string, number>();
  return startChild({
    name: "restate-server",
    command,
    args: ["--no-logo", "--config-file", file],
    readyWhen: (line) => {
      const [, port, name = ""] = /"server\.port":(\d+),"server_name":"([^"]+)"/.exec(line) ?? [];
      ports.set(name, Number(port));
      const [ingress, admin] = [ports.get(INGRESS), ports.get(ADMIN)];
      return ingress === undefined || admin === undefined ? undefined : { ingress, admin };
    },
  });
}
