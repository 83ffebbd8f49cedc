import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findProgram } from "../../isolation/mod.ts";
import { spawnDriver } from "../process/driver_process.ts";
import { NO_GROUPS } from "../testing/mod.ts";
import { type Confinement, tryConfinement } from "./confinement.ts";

const bubblewrap = findProgram("bwrap") ?? "";

describe.skipIf(bubblewrap === "")("a confined driver", () => {
  let folder: string;
  let confinement: Confinement;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hearth-confinement-"));
    for (const name of ["own", "data", "spark", "shared"]) await mkdir(join(folder, name));
    for (const name of ["data/secret", "spark/jar", "key"]) await writeFile(join(folder, name), `text of ${name}`);
    const found = await tryConfinement({
      bubblewrap,
      hidden: [join(folder, "data"), join(folder, "key")],
      readable: [join(folder, "spark"), join(folder, "absent")],
      writable: [join(folder, "shared")],
    });
    if ("obstacle" in found) throw new Error(found.obstacle);
    confinement = found;
  });

  afterAll(() => rm(folder, { recursive: true }));

  /** Runs a shell instead of a driver, and resolves to its output. */
  async function run(script: string, env: Record<string, string> = {}): Promise<string> {
    const command = {
      file: "/bin/sh",
      args: ["-c", script],
      env: { PATH: "/usr/bin:/bin", ...env },
      folder: join(folder, "own"),
    };
    const deps = { log: { debug() {}, warn() {} }, groups: NO_GROUPS };
    const options = { memoryLimitBytes: undefined, isConcealed: false, isUrgent: true };
    const spawned = spawnDriver(deps, confinement.confine(command), options);
    const { stdout, stderr } = await spawned.exited;
    return `${stdout}${stderr}`.replaceAll(folder, "…");
  }

  test.each([
    ["cat data/secret", /No such file/],
    ["cat key", /Permission denied/],
    ["cat spark/jar", /^text of spark\/jar$/],
    ["cat /etc/hostname", /\w/],
    ["cat /etc/shadow", /Permission denied/],
    ["echo x > own/file && cat own/file", /^x$/],
    ["echo x > shared/file && cat shared/file", /^x$/],
    ["echo x > spark/jar", /Read-only file system/],
    ["echo x > /etc/hearth", /Read-only file system/],
    ["ls /proc | grep -c '^[0-9]'", /^\s*[1-4]$/],
    ["kill -0 1 && cat /proc/1/comm", /^sh$/],
  ])("runs `%s`", async (script, printed) => {
    expect(await run(`cd "${folder}" && ${script}`)).toMatch(printed);
  });

  test("gets its environment, and nothing else does", async () => {
    const env = { LD_DEBUG: "libs", HEARTH_DRIVER_TOKEN: "secret\nof two lines" };
    const printed = await run('unset LD_DEBUG; echo "$HEARTH_DRIVER_TOKEN"; env | wc -l', env);
    expect(printed).toContain("secret\nof two lines");
    // The dynamic loader of bubblewrap would report it.
    expect(printed).not.toMatch(/bwrap/);
  });

  test("that cannot be had says why", async () => {
    const found = await tryConfinement({ bubblewrap: "/bin/false", hidden: [], readable: [], writable: [] });
    expect(found).toEqual({ obstacle: expect.stringContaining("/bin/false") });
  });
});
