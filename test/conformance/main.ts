/**
 * `npm run conformance`: what the port answers, held against the conformance suite of Connect, gRPC and gRPC-Web. Installs the suite by
 * the Go module proxy, at one version, unless it is there. Needs Go.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

const VERSION = "v1.0.7";
const MODULE = "connectrpc.com/conformance";

const ROOT = resolve(import.meta.dirname, "../..");
const FOLDER = join(ROOT, ".hearth", `conformance-${VERSION}`);
const PROGRAM = join(FOLDER, "connectconformance");
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

const { status } = spawnSync(
  PROGRAM,
  [
    // The suite waits a few seconds for a server to start: several at a time take longer on a small machine.
    ...["--mode", "server", "--max-servers", "1"],
    ...["--conf", join(import.meta.dirname, "config.yaml")],
    ...["--known-failing", `@${join(import.meta.dirname, "known_failing.txt")}`],
    ...process.argv.slice(2),
    ...["--", process.execPath, join(import.meta.dirname, "server_main.ts"), DESCRIPTORS],
  ],
  { stdio: "inherit" },
);
process.exit(status ?? 1);

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
