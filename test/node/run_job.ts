import { hash } from "node:crypto";
import { type GatewayMessage, RunJob } from "../../proto/node.ts";

/** The bundle that every session of a test has. */
export const BUNDLE = Buffer.from("export const job = () => 1;");
export const BUNDLE_DIGEST = digestOf(BUNDLE);

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${hash("sha256", bytes, "hex")}`;
}

/** A command to run a job of the test's bundle. */
export function runJob(
  command: Partial<RunJob> & Pick<RunJob, "jobId" | "contextId" | "entryPoint">,
  config: unknown = {},
): NonNullable<GatewayMessage["message"]> {
  const defaults = {
    attempt: 1,
    firstSeq: 1,
    binaryDigest: "sha256:binary",
    artifactDigest: BUNDLE_DIGEST,
    sourceMapDigest: BUNDLE_DIGEST,
    gracePeriodMs: 1000,
  };
  const value = RunJob.create({ ...defaults, ...command, config: Buffer.from(JSON.stringify(config)) });
  return { $case: "runJob", value };
}
