import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { credentialsWith, describeAuth } from "hearth/conformance";
import { describe, expect, test } from "vitest";
import { createTemporaryDirectory } from "../../../test/contract/temporary_directory.ts";
import { startRemote } from "../../../test/plugin_server.ts";

const PROGRAM = join(import.meta.dirname, "auth_tokens.py");
const { python, missing } = findPython();
if (missing !== undefined) console.warn(`The plugin in Python is not tested: ${missing}`);

/** A Python with gRPC: the machine's, or one in `.hearth/` that pip can complete. */
function findPython(): { python: string; missing?: string } {
  const environment = resolve(import.meta.dirname, "../../../.hearth/python");
  const own = join(environment, "bin/python");
  for (const python of ["python3", own]) if (hasGrpc(python)) return { python };
  const requirements = join(import.meta.dirname, "requirements.txt");
  const steps: [string, string[]][] = [
    ["python3", ["-m", "venv", environment]],
    [own, ["-m", "pip", "install", "--quiet", "--only-binary=:all:", "--retries=1", "-r", requirements]],
  ];
  for (const [command, args] of steps) {
    if (command === "python3" && existsSync(own)) continue;
    const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8", timeout: 120_000 });
    if (status !== 0)
      return { python: own, missing: `${command} ${args.join(" ")}: ${error?.message ?? stderr.trim()}` };
  }
  return { python: own };
}

function hasGrpc(python: string): boolean {
  const { status } = spawnSync(python, ["-c", "import grpc, google.protobuf; from grpc_tools import protoc"]);
  return status === 0;
}

/** The plugin as a process on a socket of its own, and a file of tokens. */
async function startPython() {
  const directory = await createTemporaryDirectory();
  const address = `unix:${join(directory.path, "s")}`;
  const file = join(directory.path, "tokens");
  await writeFile(file, "# ours\nlet-me-in:alice:admin,viewer\n");
  const child = spawn(python, [PROGRAM, address], { stdio: ["ignore", "pipe", "inherit"] });
  await once(createInterface(child.stdout), "line");
  return {
    address,
    file,
    async [Symbol.asyncDispose]() {
      await end(child);
      await directory[Symbol.asyncDispose]();
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill();
  await exited;
}

describe.skipIf(missing !== undefined)("the plugin in Python", () => {
  describeAuth("auth-python", async () => {
    const plugin = await startPython();
    return {
      open: () => startRemote("auth", plugin.address, { config: { file: plugin.file } }),
      good: {
        credentials: credentialsWith({ authorization: "Bearer let-me-in" }),
        principal: { id: "alice", roles: ["admin", "viewer"] },
      },
      bad: {
        "another token": credentialsWith({ authorization: "Bearer let-me-on" }),
        "no token": credentialsWith({ authorization: "Bearer" }),
      },
      secrets: ["let-me"],
      [Symbol.asyncDispose]: () => plugin[Symbol.asyncDispose](),
    };
  });

  test("it lists what is wrong with its configuration", async () => {
    await using plugin = await startPython();

    const start = startRemote("auth", plugin.address, { config: { file: 1, extra: true } });

    await expect(start).rejects.toMatchObject({ name: "PluginError", step: "configure" });
    await expect(start).rejects.toThrow(/extra: .*\n.*file: /);
  });
});
