import { accessSync, constants } from "node:fs";
import { resolve } from "node:path";
import { arch, platform } from "node:process";
import type { Logger } from "pino";
import { type NodeWall, NodeWall_Kind, nodeWall_KindToJSON } from "../../proto/node.ts";
import type { BubblewrapTools } from "./bubblewrap.ts";
import { createLaunch, type Launch, type LaunchRequest, type Way } from "./launch.ts";
import { probe } from "./probe.ts";
import type { ProcessGroups } from "./process_groups.ts";
import { createPrograms } from "./programs.ts";
import { sharedLibrariesOf } from "./shared_libraries.ts";
import { createUsers } from "./users.ts";

/** `require` refuses to start without all walls of namespaces and filters; `auto` uses the available ones; `off` none. */
export type IsolationMode = "require" | "auto" | "off";

/** Starts the processes of contexts. Disposal, when they are gone, removes their programs. */
export interface Isolation extends Disposable {
  /** Empty without isolation. */
  readonly walls: readonly NodeWall[];
  launch(request: LaunchRequest): Launch;
}

export interface IsolationOptions {
  readonly mode: IsolationMode;
  /** Path of the Deno binary. */
  readonly deno: string;
  /** Path of bubblewrap; default where systems and Hearth keep it. */
  readonly bubblewrap?: string | undefined;
}

interface IsolationDeps {
  readonly groups: ProcessGroups;
  readonly log: Pick<Logger, "info" | "warn">;
}

/** Folders of system programs: never a PATH, because they may run as root. */
const SYSTEM_FOLDERS = ["/usr/bin", "/bin", "/usr/sbin", "/usr/local/bin", "/run/current-system/sw/bin"];

/** Folder of downloads of `npm start`. */
const FETCHED_FOLDER = resolve(import.meta.dirname, "..", "..", ".hearth", "bin");

const HOW_TO_GET =
  'install bubblewrap 0.7 or newer (Debian, Ubuntu, Fedora: package "bubblewrap"), and run the node as root with CAP_SYS_ADMIN, or where unprivileged user namespaces are allowed';

/**
 * Tries the ways to start Deno, the strongest first, each with its own program, and uses the first that works. With `require`, rejects with
 * an Error that names what is missing.
 */
export async function startIsolation({ groups, log }: IsolationDeps, options: IsolationOptions): Promise<Isolation> {
  const { mode, deno } = options;
  using starting = new DisposableStack();
  const programs = starting.use(createPrograms(arch));
  const use = (way: Way, walls: readonly NodeWall[]): Isolation => {
    const owned = starting.move();
    return {
      walls,
      launch: (request) => createLaunch({ way, programs, groups }, request),
      [Symbol.dispose]: () => owned.dispose(),
    };
  };
  const refuse = (why: string): void => {
    if (mode === "require")
      throw new Error(`Cannot start with node.sandbox.isolation "require": ${why}. To get it, ${HOW_TO_GET}`);
  };

  if (mode === "off" || platform !== "linux") {
    const why =
      mode === "off" ? "node.sandbox.isolation is off" : `${platform} has no namespaces and filters as Linux has`;
    refuse(why);
    log.warn({ why }, "contexts are not isolated by the operating system");
    return use({ type: "open", deno }, []);
  }

  const obstacles: string[] = [];
  for (const { name, way } of await waysHere(options, obstacles)) {
    const found = await probe({ way, programs, groups }, { obstacle: obstacles.join("; ") || undefined });
    if (!("walls" in found)) {
      obstacles.push(`${name}: ${found.obstacle}`);
      continue;
    }
    const missing = found.walls.filter(({ stands }) => !stands);
    const weak = way.type !== "box" || missing.some(({ kind }) => kind !== NodeWall_Kind.RESOURCES);
    if (weak) refuse(obstacles.join("; ") || describe(missing));
    report(log, found.walls, { obstacles });
    return use(way, found.walls);
  }
  refuse(obstacles.join("; "));
  log.warn({ why: obstacles.join("; ") }, "contexts are not isolated by the operating system");
  return use({ type: "open", deno }, []);
}

/** The ways that this machine might have, the strongest first. */
async function waysHere(
  { deno, bubblewrap }: IsolationOptions,
  obstacles: string[],
): Promise<{ name: string; way: Way }[]> {
  const isRoot = process.getuid?.() === 0;
  const nextUser = isRoot ? createUsers("/proc/self/uid_map") : undefined;
  const ways: { name: string; way: Way }[] = [];
  const bwrap = bubblewrap ?? findProgram("bwrap");
  const setpriv = isRoot ? findProgram("setpriv") : undefined;
  if (bwrap === undefined) obstacles.push("there is no bubblewrap");
  else {
    const box = (tools: Omit<BubblewrapTools, "bwrap" | "deno">, user: typeof nextUser): Way => ({
      type: "box",
      ...{ tools: { bwrap, deno, ...tools }, nextUser: user },
    });
    const libraries = await sharedLibrariesOf(deno);
    if (setpriv !== undefined && nextUser !== undefined) {
      const all = [...new Set([...libraries, ...(await sharedLibrariesOf(setpriv))])];
      ways.push({ name: "bubblewrap as root", way: box({ libraries: all, setpriv }, nextUser) });
    }
    ways.push({ name: "bubblewrap", way: box({ libraries, setpriv: undefined }, undefined) });
  }
  if (nextUser !== undefined) ways.push({ name: "another user", way: { type: "lockdown", deno, nextUser } });
  ways.push({ name: "lockdown", way: { type: "lockdown", deno, nextUser: undefined } });
  return ways;
}

export function findProgram(name: string): string | undefined {
  return [...SYSTEM_FOLDERS, FETCHED_FOLDER].map((folder) => resolve(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function report(
  log: Pick<Logger, "info" | "warn">,
  walls: readonly NodeWall[],
  { obstacles }: { obstacles: readonly string[] },
): void {
  const standing = walls.filter(({ stands }) => stands).map(nameOf);
  const missing = walls.filter(({ stands }) => !stands);
  const fields = {
    walls: standing,
    ...(missing.length > 0 ? { missing: Object.fromEntries(missing.map((wall) => [nameOf(wall), wall.detail])) } : {}),
    ...(obstacles.length > 0 ? { tried: obstacles } : {}),
  };
  const isWhole = missing.length === 0 && obstacles.length === 0;
  log[isWhole ? "info" : "warn"](
    fields,
    isWhole ? "contexts are isolated by the operating system" : "contexts are isolated by the operating system in part",
  );
}

function describe(missing: readonly NodeWall[]): string {
  return missing.map((wall) => `${nameOf(wall)}: ${wall.detail}`).join("; ");
}

function nameOf({ kind }: NodeWall): string {
  return nodeWall_KindToJSON(kind).toLowerCase();
}
