import { createReadStream } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deadline } from "../../lib/async/mod.ts";
import type { LiveResultPart } from "../../proto/node.ts";
import { digestOf } from "./digest.ts";
import { LiveResult } from "./live_result.ts";

/**
 * Time for which gateways can fetch a result after its event is acknowledged, in milliseconds. The node does not know when it was fetched,
 * and several gateways may.
 */
const KEPT_MS = 10 * 60_000;

/** Size of acknowledged results beyond which the oldest are removed early, in bytes. */
const KEPT_BYTES = 4 * 1024 ** 3;

const SWEEP_MS = 10_000;

interface KeptResult {
  readonly path: string;
  readonly sizeBytes: number;
  readonly written: Promise<void>;
  /** Number of jobs that returned it and whose events are unacknowledged. */
  unacknowledged: number;
  /** When the last of those events was acknowledged. */
  acknowledgedAt: number;
  /** Whether a gateway has read it completely. */
  isRead: boolean;
}

/** A result that a job produced in parts. */
export interface FinishedResult {
  readonly mediaType: string;
  readonly digest: string;
  readonly sizeBytes: number;
  /** The content, if it is small. */
  readonly bytes: Buffer | undefined;
}

/** A part of a growing result. */
export interface LivePart {
  readonly mediaType: string;
  /** Empty when the result ends before the offset. */
  readonly bytes: Uint8Array;
}

/** Opens the store of results in an empty directory, which belongs to the caller. */
export async function openResultStore(directory: string): Promise<ResultStore> {
  await mkdir(directory, { recursive: true });
  return new ResultStore(directory);
}

/** Results that are too large for an event, as files. Disposal ends pending work on them. */
export class ResultStore implements AsyncDisposable {
  readonly #directory: string;
  /** By digest, the most recently acknowledged ones last. */
  readonly #results = new Map<string, KeptResult>();
  /** By job id. Complete ones stay while their content is kept. */
  readonly #live = new Map<string, { readonly result: LiveResult; digest: string | undefined }>();
  /** By id of open jobs: resolved when the job begins a result, or ends without one. */
  readonly #awaited = new Map<string, PromiseWithResolvers<void>>();
  readonly #sweep: NodeJS.Timeout;
  #sweeping: Promise<void> = Promise.resolve();
  #allRead: PromiseWithResolvers<void> | undefined;
  #files = 0;

  constructor(directory: string) {
    this.#directory = directory;
    this.#sweep = setInterval(() => {
      this.#sweeping = this.#sweeping.then(() => this.#removeOld());
    }, SWEEP_MS);
  }

  /** A job may begin a result from now on, until `expectNone`. */
  expect(jobId: string): void {
    this.#awaited.set(jobId, Promise.withResolvers());
  }

  /** The job can no longer begin a result. */
  expectNone(jobId: string): void {
    this.#awaited.get(jobId)?.resolve();
    this.#awaited.delete(jobId);
  }

  /** Begins a result that is produced in parts. It ends with `finish` or `abandon`. */
  begin(jobId: string, { mediaType, maxBytes }: { mediaType: string; maxBytes: number }): LiveResult {
    const result = new LiveResult({ path: this.#nextPath(), mediaType, maxBytes });
    this.#live.set(jobId, { result, digest: undefined });
    this.#awaited.get(jobId)?.resolve();
    return result;
  }

  /**
   * Completes a result. Resolves to its description, with the content up to `inlineBytes`. Call `acknowledged` when a gateway has
   * acknowledged its event. Rejects when it could not be written.
   */
  async finish(jobId: string, { inlineBytes }: { inlineBytes: number }): Promise<FinishedResult> {
    const live = this.#live.get(jobId);
    if (live === undefined) throw new Error(`Job ${jobId} has begun no result`);
    const { path, mediaType, digest, sizeBytes } = await live.result.finish();
    live.digest = digest;
    const bytes = sizeBytes <= inlineBytes ? await readFile(path) : undefined;
    const same = this.#results.get(digest);
    if (same === undefined) {
      const isRead = bytes !== undefined;
      this.#results.set(digest, {
        path,
        sizeBytes,
        written: Promise.resolve(),
        unacknowledged: 1,
        acknowledgedAt: 0,
        isRead,
      });
    } else {
      same.unacknowledged++;
      live.result.path = same.path;
      await rm(path, { force: true });
    }
    return { mediaType, digest, sizeBytes, bytes };
  }

  /** Discards an incomplete result. */
  abandon(jobId: string, result: LiveResult): void {
    if (this.#live.get(jobId)?.result === result) this.#live.delete(jobId);
    const abandoned = result.abandon(new Error(`Job "${jobId}" ended before its result was complete`));
    this.#sweeping = this.#sweeping.then(() => abandoned);
  }

  /**
   * Reads a part of a growing or finished result; see `LiveResult.read`. Undefined when the job has begun none (with `awaitBegin`: ended
   * without one).
   */
  async readLive({ jobId, offset, awaitBegin }: LiveResultPart): Promise<LivePart | undefined> {
    if (awaitBegin && !this.#live.has(jobId)) await this.#awaited.get(jobId)?.promise;
    const result = this.#live.get(jobId)?.result;
    return result && { mediaType: result.mediaType, bytes: await result.read(offset) };
  }

  /** Stores a result. Resolves with its digest. Call `acknowledged` when a gateway has acknowledged its event. */
  async keep(bytes: Uint8Array): Promise<string> {
    const digest = digestOf(bytes);
    let result = this.#results.get(digest);
    if (result === undefined) {
      const path = this.#nextPath();
      result = {
        path,
        sizeBytes: bytes.length,
        written: writeFile(path, bytes),
        unacknowledged: 0,
        acknowledgedAt: 0,
        isRead: false,
      };
      this.#results.set(digest, result);
    }
    result.unacknowledged++;
    try {
      await result.written;
    } catch (error) {
      this.#results.delete(digest);
      throw error;
    }
    return digest;
  }

  /** Called when a gateway has acknowledged the event of a job that returned it. */
  acknowledged(digest: string): void {
    const result = this.#results.get(digest);
    if (result === undefined) return;
    result.unacknowledged--;
    result.acknowledgedAt = performance.now();
    this.#results.delete(digest);
    this.#results.set(digest, result);
  }

  /** Undefined when it is not kept. */
  open(digest: string): AsyncIterable<Uint8Array> | undefined {
    const result = this.#results.get(digest);
    return result && this.#read(result);
  }

  /** Waits until gateways have read all results, or the timeout passes. */
  async drain({ timeoutMs }: { timeoutMs: number }): Promise<void> {
    if (this.#results.values().every(({ isRead }) => isRead)) return;
    this.#allRead = Promise.withResolvers();
    await deadline(this.#allRead.promise, timeoutMs, () => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweep);
    await this.#sweeping;
  }

  #nextPath(): string {
    return join(this.#directory, String(++this.#files));
  }

  async *#read(result: KeptResult): AsyncGenerator<Uint8Array> {
    yield* createReadStream(result.path);
    result.isRead = true;
    if (this.#results.values().every(({ isRead }) => isRead)) this.#allRead?.resolve();
  }

  async #removeOld(): Promise<void> {
    let keptBytes = 0;
    for (const { sizeBytes } of this.#results.values()) keptBytes += sizeBytes;
    for (const [digest, { path, sizeBytes, unacknowledged, acknowledgedAt }] of this.#results) {
      if (unacknowledged > 0) continue;
      if (performance.now() - acknowledgedAt < KEPT_MS && keptBytes <= KEPT_BYTES) return;
      keptBytes -= sizeBytes;
      this.#results.delete(digest);
      for (const [jobId, live] of this.#live) if (live.digest === digest) this.#live.delete(jobId);
      await rm(path, { force: true });
    }
  }
}
