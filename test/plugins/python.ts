import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { createTemporaryDirectory } from "../contract/temporary_directory.ts";

/** A plugin in Python that runs as a process of its own. */
export interface PythonPlugin extends AsyncDisposable {
  /** A socket, as the configuration of a gateway names it. */
  readonly address: string;
  /** A directory for it, removed with it. */
  readonly directory: string;
  /** Kills it as a power cut would, and starts it again on the same address. */
  restart(): Promise<void>;
}

interface Modules {
  /** Imports what the requirements bring. */
  readonly imports: string;
  /** Folder of the environment, in `.hearth/`. */
  readonly environment: string;
}

const GRPC: Modules = {
  imports: "import grpc, google.protobuf; from grpc_tools import protoc",
  environment: "python",
};

/** The client of NATS. */
export const NATS: Modules = { imports: "import nats", environment: "python-nats" };

/**
 * A Python that has modules, by default those of gRPC: the machine's, or one in `.hearth/` that pip completes with the requirements. `missing`
 * tells why there is none.
 */
export function findPython(
  requirements: string,
  { imports, environment: name }: Modules = GRPC,
): { python: string; missing?: string } {
  const environment = resolve(import.meta.dirname, "../../.hearth", name);
  const own = join(environment, "bin/python");
  for (const python of ["python3", own]) if (runs(python, imports)) return { python };
  // Test files that start side by side make one each; the first that is whole takes the place.
  const made = `${environment}-${randomUUID()}`;
  const steps: [string, string[]][] = [
    ["python3", ["-m", "venv", made]],
    [
      join(made, "bin/python"),
      ["-m", "pip", "install", "--quiet", "--only-binary=:all:", "--retries=1", "-r", requirements],
    ],
  ];
  try {
    for (const [command, args] of steps) {
      const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8", timeout: 120_000 });
      if (status !== 0)
        return { python: own, missing: `${command} ${args.join(" ")}: ${error?.message ?? stderr.trim()}` };
    }
    if (!runs(own, imports)) {
      rmSync(environment, { recursive: true, force: true });
      renameSync(made, environment);
    }
    return { python: own };
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

function runs(python: string, imports: string): boolean {
  return spawnSync(python, ["-c", imports]).status === 0;
}

/** Resolves when the program says that it listens. */
export async function startPythonPlugin(python: string, program: string): Promise<PythonPlugin> {
  const directory = await createTemporaryDirectory();
  const address = `unix:${join(directory.path, "s")}`;
  let child = await start();

  async function start(): Promise<ChildProcess> {
    const started = spawn(python, [program, address], { stdio: ["ignore", "pipe", "inherit"] });
    await once(createInterface(started.stdout), "line");
    return started;
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }

  return {
    address,
    directory: directory.path,
    async restart() {
      await end("SIGKILL");
      child = await start();
    },
    async [Symbol.asyncDispose]() {
      await end("SIGTERM");
      await directory[Symbol.asyncDispose]();
    },
  };
}
