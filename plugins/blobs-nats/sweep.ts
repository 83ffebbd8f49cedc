import type { PluginLog } from "../contract/mod.ts";
import type { Bucket } from "./bucket.ts";
import { subjectOf } from "./chunks.ts";

/** Interval between sweeps, in milliseconds. Readers of a deleted blob have at least that long. */
const SWEEP_INTERVAL_MS = 10 * 60_000;

/** Age below which chunks may belong to a put in progress, in milliseconds. */
const UPLOAD_LIMIT_MS = 24 * 60 * 60_000;

/** Starts to remove unreferenced chunks periodically. Disposal waits for a running sweep. */
export function startSweeps(bucket: Bucket, { log }: { log: PluginLog }): AsyncDisposable {
  let orphans: ReadonlySet<string> = new Set();
  let sweeping = Promise.resolve();
  const startMs = Date.now() - performance.now();
  const timer = setInterval(() => {
    // A clock that is set forward does not age chunks.
    const now = Math.min(Date.now(), startMs + performance.now());
    sweeping = sweeping.then(async () => {
      const [swept] = await Promise.allSettled([sweep(bucket, { seenBefore: orphans, now })]);
      if (swept.status === "fulfilled") orphans = swept.value;
      else log.warn("could not remove the chunks of deleted blobs", { reason: String(swept.reason) });
    });
  }, SWEEP_INTERVAL_MS);
  timer.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await sweeping;
    },
  };
}

/**
 * Removes chunks that were unreferenced in the previous sweep, are so now, and stay so: their put has ended. Returns the ids of the
 * unreferenced ones.
 */
export async function sweep(
  bucket: Bucket,
  { seenBefore, now }: { seenBefore: ReadonlySet<string>; now: number },
): Promise<ReadonlySet<string>> {
  const ids = await tailsOf(bucket, `$O.${bucket.name}.C.`);
  const settled = ids.filter((id) => now - createdMs(id) > UPLOAD_LIMIT_MS);
  if (settled.length === 0) return new Set();
  const live = await idsInUse(bucket);
  const orphans = new Set(settled.filter((id) => !live.has(id)));
  for (const id of orphans.intersection(seenBefore)) {
    await bucket.jsm.streams.purge(bucket.stream, { filter: subjectOf(bucket, id) });
    orphans.delete(id);
  }
  return orphans;
}

/** Requests each object separately: a missing entry in a list would cost its content. */
async function idsInUse({ name, stream, objects, jsm }: Bucket): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const tail of await tailsOf({ name, stream, jsm }, `$O.${name}.M.`)) {
    const entry = await objects.info(Buffer.from(tail, "base64url").toString());
    if (entry && !entry.deleted) ids.add(entry.nuid);
  }
  return ids;
}

/** The last parts of the stream's subjects with this prefix. */
async function tailsOf({ stream, jsm }: Pick<Bucket, "name" | "stream" | "jsm">, prefix: string): Promise<string[]> {
  const { state } = await jsm.streams.info(stream, { subjects_filter: `${prefix}>` });
  return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(prefix.length));
}

/** The creation time of an id; never, for a foreign one. */
function createdMs(id: string): number {
  const [high, low, rest] = id.split("-");
  if (id.length !== 36 || !rest?.startsWith("7")) return Number.POSITIVE_INFINITY;
  return Number.parseInt(`${high}${low}`, 16);
}
