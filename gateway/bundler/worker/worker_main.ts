/**
 * The process that bundles: unpacks an upload and runs esbuild on it. It runs without environment, with a memory limit, and may read its
 * own code only, so that a hostile upload costs the gateway no more than this process.
 */
import { bundleUpload } from "../build/bundle_upload.ts";
import { startEsbuild } from "../build/esbuild.ts";
import { DEFAULT_LIMITS } from "../bundler_limits.ts";
import { BundleError } from "../problem.ts";
import type { BundleAnswer, BundleRequest, WorkerMessage } from "./worker_protocol.ts";

async function bundle({ content, contentType, limits }: BundleRequest): Promise<BundleAnswer> {
  try {
    return { type: "bundled", bundle: await bundleUpload({ esbuild, limits }, { content, contentType }) };
  } catch (error) {
    if (error instanceof BundleError) return { type: "refused", problems: error.problems };
    throw error;
  }
}

function say(message: WorkerMessage): void {
  process.send?.(message);
}

const esbuild = await startEsbuild({
  log: (line) => process.stderr.write(`${line}\n`),
  // Otherwise a running build would never settle.
  onExit: () => process.exit(1),
});
// The first build compiles most of esbuild.
const sample = new TextEncoder().encode("export const ready: boolean = true;");
await bundle({ content: sample, contentType: undefined, limits: DEFAULT_LIMITS });

// Supervisors signal all processes of a service at once, but the gateway finishes uploads first and then ends this process.
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) process.on(signal, () => {});

// An unhandled rejection ends the process, as intended.
process.on("message", async (request: BundleRequest) => {
  const answer = await bundle(request);
  say({ ...answer, residentBytes: process.memoryUsage.rss() });
});
say({ type: "ready" });
