/**
 * `npm run conformance`: what the port answers, held against the conformance suite of Connect, gRPC and gRPC-Web. Installs the suite by
 * the Go module proxy, at one version, unless it is there. Needs Go.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";

const VERSION = "v1.0.7";
const MODULE = "connectrpc.com/conformance";

const ROOT = resolve(import.meta.dirname, "../..");
const FOLDER = join(ROOT, ".hearth", `conformance-${VERSION}`);
const PROGRAM = join(FOLDER, "connectconformance");
const SERVER = join(FOLDER, "server.mjs");
const DESCRIPTORS = join(FOLDER, "descriptors.binpb");

if (!isThere("go")) {
  console.error(
    "Cannot run the conformance suite: there is no Go on PATH. Install it from https://go.dev/dl, and run this again.",
  );
  process.exit(1);
}
mkdirSync(FOLDER, { recursive: true });
if (!existsSync(PROGRAM)) run("go", ["install", `${MODULE}/cmd/connectconformance@${VERSION}`], { GOBIN: FOLDER });
if (!existsSync(DESCRIPTORS)) run("buf", ["build", join(moduleFolder(), "proto"), "-o", DESCRIPTORS]);

await bundleServer();

const { status } = spawnSync(
  PROGRAM,
  [
    // The suite waits a few seconds for a server to start: several at a time take longer on a small machine.
    ...["--mode", "server", "--max-servers", "1"],
    ...["--conf", join(import.meta.dirname, "config.yaml")],
    ...["--known-failing", `@${join(import.meta.dirname, "known_failing.txt")}`],
    ...process.argv.slice(2),
    ...["--", process.execPath, SERVER, DESCRIPTORS],
  ],
  { stdio: "inherit" },
);
process.exit(status ?? 1);

/** The suite starts a server for each of its settings, and waits some seconds for it: one file with what is used starts in a third of the time. */
async function bundleServer(): Promise<void> {
  // Our modules do nothing but declare: what is not used of them is left out.
  const leaveOutUnused: Plugin = {
    name: "leave-out-unused",
    setup({ onResolve, resolve: find }) {
      onResolve({ filter: /^\.{1,2}\// }, async ({ path, pluginData, ...place }) => {
        if (pluginData === leaveOutUnused) return undefined;
        return { ...(await find(path, { ...place, pluginData: leaveOutUnused })), sideEffects: false };
      });
    },
  };
  const entryPoints = [join(import.meta.dirname, "server_main.ts")];
  const format = { bundle: true, platform: "node", format: "esm", packages: "external" } as const;
  await build({ entryPoints, outfile: SERVER, ...format, plugins: [leaveOutUnused] });
}

/** The folder of the module's sources, which hold the protos. */
function moduleFolder(): string {
  const answer = execFileSync("go", ["mod", "download", "-json", `${MODULE}@${VERSION}`], {
    cwd: FOLDER,
    encoding: "utf8",
  });
  return JSON.parse(answer).Dir;
}

function isThere(program: string): boolean {
  return spawnSync(program, ["version"]).error === undefined;
}

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  execFileSync(program, args, { cwd: FOLDER, stdio: "inherit", env: { ...process.env, ...env } });
}
