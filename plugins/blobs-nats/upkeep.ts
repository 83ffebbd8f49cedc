import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import type { PluginLog } from "../contract/mod.ts";
import type { Bucket } from "./bucket.ts";

/** Interval between checks whether the object store exists, in milliseconds. */
const CHECK_INTERVAL_MS = 2000;

/**
 * Creates the object store again when an operator deleted it, or the server lost its disk: the blobs are gone, but new ones can be stored.
 * Disposal waits for a running check.
 */
export function startUpkeep(bucket: Bucket, { log }: { log: PluginLog }): AsyncDisposable {
  let isClosed = false;
  let checking = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const next = (): void => {
    timer = setTimeout(() => {
      checking = check(bucket, log).then(() => (isClosed ? undefined : next()));
    }, CHECK_INTERVAL_MS);
    timer.unref();
  };
  next();
  return {
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearTimeout(timer);
      await checking;
    },
  };
}

async function check({ jsm, stream, name, create }: Bucket, log: PluginLog): Promise<void> {
  const [found] = await Promise.allSettled([jsm.streams.info(stream)]);
  if (found.status === "fulfilled" || !isMissing(found.reason)) return;
  const [made] = await Promise.allSettled([create()]);
  if (made.status === "fulfilled")
    log.warn("object store was missing with all its blobs; created it again", { bucket: name });
  else log.warn("object store is missing and cannot be created", { bucket: name, reason: String(made.reason) });
}

/** Unknown while NATS is unavailable. */
function isMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
}
