import type { ObjectInfo } from "@nats-io/obj";
import { abortable } from "../../lib/async/mod.ts";
import { type BlobStore, type Digest, type PluginStart, translateErrors } from "../contract/mod.ts";
import { hashContent } from "../files/mod.ts";
import { type Bucket, type Entry, openBucket, replaceEntry } from "./bucket.ts";
import { openChunks, type Upload, uploadChunks } from "./chunks.ts";
import type { NatsConfig } from "./config.ts";
import { startSweeps } from "./sweep.ts";
import { natsFault } from "./unavailable.ts";
import { startUpkeep } from "./upkeep.ts";

/** Concurrent changes of one blob after which a change fails. */
const RACES = 1000;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Opens the object store, creates it when absent. */
export async function startBlobStore({ config, log, signal }: PluginStart<NatsConfig>): Promise<BlobStore> {
  signal.throwIfAborted();
  await using opening = new AsyncDisposableStack();
  const bucket = opening.use(await openBucket(config));
  opening.use(startSweeps(bucket, { log }));
  opening.use(startUpkeep(bucket, { log }));
  signal.throwIfAborted();
  const opened = opening.move();

  const store: BlobStore = {
    async put(content) {
      if (content instanceof Uint8Array) {
        const digest = await hashContent(content);
        const sizeBytes = content.length;
        if (await renewBlob(bucket, digest, ({ size }) => size === sizeBytes)) return { digest, sizeBytes };
      }
      await using upload = await uploadChunks(bucket, content);
      await nameUpload(bucket, upload);
      return { digest: upload.digest, sizeBytes: upload.content.size };
    },
    async open(digest) {
      const entry = await findBlob(bucket, digest);
      return entry && openChunks(bucket, entry, digest);
    },
    renew: (digest) => renewBlob(bucket, digest, () => true),
    async delete(digest, { storedBefore } = {}) {
      return untilDone(digest, async () => {
        const entry = await findBlob(bucket, digest);
        if (!entry || (storedBefore && new Date(entry.mtime) >= storedBefore)) return false;
        // The chunks stay for current readers; the sweep removes them.
        const mtime = new Date().toISOString();
        const gone = { ...entryOf(entry), size: 0, chunks: 0, digest: "", mtime, deleted: true };
        return (await replaceEntry(bucket, gone, entry.revision)) || undefined;
      });
    },
    async *list() {
      for (const { name, mtime } of await bucket.objects.list()) {
        if (DIGEST.test(name)) yield { digest: name, storedAt: new Date(mtime) };
      }
    },
    async checkHealth(options) {
      options?.signal?.throwIfAborted();
      await abortable(bucket.objects.status(), options?.signal);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
  return translateErrors(store, (error) => natsFault(bucket.name, error));
}

async function findBlob({ objects }: Bucket, digest: Digest): Promise<ObjectInfo | undefined> {
  const entry = DIGEST.test(digest) ? await objects.info(digest) : null;
  return entry && !entry.deleted ? entry : undefined;
}

/** Resets the age of a blob. False when there is none, or it does not match. */
function renewBlob(bucket: Bucket, digest: Digest, isSuch: (entry: Entry) => boolean): Promise<boolean> {
  return untilDone(digest, async () => {
    const entry = await findBlob(bucket, digest);
    if (!entry || !isSuch(entry)) return false;
    const renewed = { ...entryOf(entry), mtime: new Date().toISOString() };
    return (await replaceEntry(bucket, renewed, entry.revision)) || undefined;
  });
}

/** Makes an upload the blob of its digest, unless there is one, whose age is reset. */
async function nameUpload(bucket: Bucket, upload: Upload): Promise<void> {
  const { digest, content } = upload;
  const isSame = ({ size, deleted }: Entry) => !deleted && size === content.size;
  await untilDone(digest, async () => {
    if (await renewBlob(bucket, digest, isSame)) return true;
    const present = await bucket.objects.info(digest);
    if (present && isSame(present)) return undefined;
    const entry = { ...content, name: digest, mtime: new Date().toISOString(), deleted: false };
    if (!(await replaceEntry(bucket, entry, present?.revision ?? 0))) return undefined;
    upload.keep();
    return true;
  });
}

/** Retries while others change it. */
async function untilDone<Answer>(digest: Digest, attempt: () => Promise<Answer | undefined>): Promise<Answer> {
  for (let tries = 0; tries < RACES; tries++) {
    const answer = await attempt();
    if (answer !== undefined) return answer;
  }
  throw new Error(`Cannot change blob "${digest}": others changed it ${RACES} times meanwhile`);
}

/** The metadata of an entry without the library's additions. */
function entryOf({ name, nuid, size, chunks, digest, mtime, deleted }: ObjectInfo): Entry {
  return { name, nuid, size, chunks, digest, mtime, deleted };
}
