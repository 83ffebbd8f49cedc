import { spawnSync } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

/** A configuration with a fault of each part: of what all read, the gateway's own, a plugin's, the node's. */
const WRONG = {
  nats: { passwordFile: "/absent" },
  gateway: {
    lisen: "127.0.0.1:0",
    listen: "0.0.0.0:0",
    dao: { plugin: "hearth:dao-postgres", config: { poolSize: 0 } },
  },
  node: { listen: "0.0.0.0:0", spares: "many" },
};

const OF_ALL = [
  "  nats.passwordFile: cannot be read: ENOENT: no such file or directory, open '/absent'",
  "  nats: passwordFile needs a user",
];
const OF_GATEWAY = [
  '  gateway.lisen: unknown key; did you mean "listen"?',
  "  gateway.listen: without an auth plugin anybody who reaches it could run code; listen on 127.0.0.1, name plugins in gateway.auth, or set gateway.insecure",
  "  gateway.dao.config.poolSize: expected at least 1, got 0",
];
const OF_NODE = [
  '  node.spares: expected a number, got "many"',
  "  node.listen: without cluster.secret or cluster.tls anybody who reaches it could run code; listen on 127.0.0.1, give one of them, or say --insecure",
];

/** How a process ends that is handed a configuration, and what it leaves in its data directory. */
async function run(main: string, configuration: unknown, ...flags: string[]) {
  await using directory = await createTemporaryDirectory();
  const config = join(directory.path, "hearth.json");
  await writeFile(config, JSON.stringify(configuration));
  const dataDir = join(directory.path, "data");
  const args = [resolve(ROOT, main), "--config", config, "--data-dir", dataDir, ...flags];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    ...{ cwd: directory.path, encoding: "utf8", timeout: 60_000 },
  });
  const lines = stderr.replaceAll(directory.path, "").trimEnd().split("\n");
  return { status, stdout, lines, left: await readdir(directory.path) };
}

test.each([
  ["gateway/main.ts", "the gateway", [...OF_ALL, ...OF_GATEWAY]],
  ["context-node/main.ts", "the context node", [...OF_ALL, ...OF_NODE]],
  // Its nodes listen on loopback, whatever the file says.
  [
    "standalone/main.ts",
    "Hearth",
    [...OF_ALL, ...OF_GATEWAY, ...OF_NODE].filter((line) => !line.startsWith("  node.listen:")),
  ],
])(
  "%s refuses a wrong configuration with all its faults, and starts and leaves nothing",
  async (main, name, faults) => {
    expect(await run(main, WRONG)).toEqual({
      status: 1,
      stdout: "",
      lines: [`Cannot start ${name} with configuration "/hearth.json": ${faults.length} faults`, ...faults],
      left: ["hearth.json"],
    });
  },
);

test.each(["gateway/main.ts", "context-node/main.ts"])(
  "%s --check only tells that a configuration is right",
  async (main) => {
    expect(await run(main, { gateway: { spark: {} }, node: {} }, "--check")).toEqual({
      ...{ status: 0, stdout: "The configuration is right.\n", lines: [""], left: ["hearth.json"] },
    });
  },
);

test.each(["gateway/main.ts", "context-node/main.ts", "standalone/main.ts"])("%s --help lists its flags", (main) => {
  const { status, stdout } = spawnSync(process.execPath, [resolve(ROOT, main), "--help"], { encoding: "utf8" });
  expect(status).toBe(0);
  for (const flag of ["--config <file>", "--listen <host:port>", "--data-dir <path>", "NATS_URL"]) {
    expect(stdout).toContain(flag);
  }
});
