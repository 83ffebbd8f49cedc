import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { closeOutputAtExit } from "../../cluster/mod.ts";
import { deadline } from "../../lib/async/mod.ts";
import type { NodeWall } from "../../proto/node.ts";
import { createLaunch, type Way } from "./launch.ts";
import { observeWalls } from "./observed_walls.ts";
import type { ProcessGroups } from "./process_groups.ts";
import type { Programs } from "./programs.ts";

/** A program that says that it runs, and waits to be killed. */
const PROGRAM = 'Deno.stdout.writeSync(new TextEncoder().encode("runs"));\nsetInterval(() => {}, 1 << 30);\n';
const SAYS = "runs";

/** Longest time for it to do so. */
const TIMEOUT_MS = 10_000;

const MEMORY_BYTES = 256 * 1024 * 1024;
const DENO_ARGUMENTS = ["run", "--quiet", "--no-prompt", "--no-remote", "--no-npm", "--no-config", "--no-lock"];

interface ProbeDeps {
  readonly way: Way;
  readonly programs: Programs;
  readonly groups: ProcessGroups;
}

/** Starts a program in the very way in which contexts will be started, and resolves to the walls around it, or to why it did not run. */
export async function probe(
  { way, programs, groups }: ProbeDeps,
  { obstacle }: { obstacle: string | undefined },
): Promise<{ readonly walls: readonly NodeWall[] } | { readonly obstacle: string }> {
  const mainModule = join(programs.folder, "probe.js");
  writeFileSync(mainModule, PROGRAM);
  const launch = createLaunch(
    { way, programs, groups },
    ...[{ args: DENO_ARGUMENTS, mainModule, env: {}, net: false, memoryBytes: MEMORY_BYTES, firstDescriptor: 3 }],
  );
  const child = spawn(launch.file, launch.args, {
    ...launch.options,
    stdio: ["ignore", "pipe", "pipe", ...launch.stdio],
  });
  closeOutputAtExit(child);
  const closed = new Promise<string>((done) => {
    let words = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      words += chunk.toString();
    });
    child.once("error", (error) => done(error.message));
    child.once("close", (code, signal) => done(words.trim().split("\n", 1)[0] || `it ended with ${signal ?? code}`));
  });
  using held = launch.hold(child);
  const runs = new Promise<true>((done) => {
    child.stdout?.on("data", (chunk: Buffer) => chunk.includes(SAYS) && done(true));
  });
  const answer = await deadline(Promise.race([runs, closed]), TIMEOUT_MS, () => "it did not start in time");
  const processId = held.processId();
  const walls =
    answer === true && processId !== undefined
      ? observeWalls(processId, { groups, obstacle, isBoxed: way.type === "box" })
      : undefined;
  held.kill();
  await closed;
  return walls === undefined ? { obstacle: String(answer) } : { walls };
}
