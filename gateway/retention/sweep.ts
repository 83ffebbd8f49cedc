import { setTimeout as delay } from "node:timers/promises";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { BlobStore, Dao } from "../../plugins/contract/mod.ts";
import { type Binary, OPEN_JOB_STATES } from "../../proto/mod.ts";
import { openClassPaths } from "../binaries/mod.ts";

const DAY_MS = 24 * 3600 * 1000;

/**
 * Age below which unreferenced content is kept, in milliseconds, because content is stored before the row that refers to it. Much longer
 * than an upload may take.
 */
const BLOB_GRACE_MS = DAY_MS;

/** Rows per page, after which other work gets its turn. */
const PAGE = 200;
const PAUSE_MS = 20;

/** Retention periods in days; null is unlimited. */
export interface RetentionPeriods {
  /** Final jobs with their configs, results and logs, after their end. */
  readonly jobDays: number | null;
  /** Contexts, after their end. */
  readonly contextDays: number | null;
  /** Versions of binaries that are not the newest of their name, after their upload, unless an open job uses them. */
  readonly binaryDays: number | null;
}

/** Numbers of deleted items. */
export interface Swept {
  jobs: number;
  contexts: number;
  binaries: number;
  blobs: number;
}

interface SweepDeps {
  readonly dao: Dao;
  readonly blobs: BlobStore;
}

interface SweepOptions {
  readonly now: Date;
  /** Stops the sweep after the current page. */
  readonly signal: AbortSignal;
}

/** Deletes what is past its retention. Several gateways may sweep at the same time. */
export async function sweep(deps: SweepDeps, config: RetentionPeriods, { now, signal }: SweepOptions): Promise<Swept> {
  const before = (days: number) => new Date(now.getTime() - days * DAY_MS);
  const { jobs, contexts } = deps.dao;
  const { jobDays, contextDays, binaryDays } = config;
  // Blobs come first: the node of a job that was submitted with a version just before its deletion has until the next sweep to read it.
  const swept: Swept = { blobs: await sweepBlobs(deps, { now, signal }), jobs: 0, contexts: 0, binaries: 0 };
  if (jobDays !== null) swept.jobs = await deletePages((page) => jobs.deleteEnded(before(jobDays), page), signal);
  if (contextDays !== null) {
    swept.contexts = await deletePages((page) => contexts.deleteEnded(before(contextDays), page), signal);
  }
  if (binaryDays !== null) swept.binaries = await sweepBinaries(deps, before(binaryDays), signal);
  return swept;
}

async function deletePages(
  deletePage: (page: { limit: number }) => Promise<number>,
  signal: AbortSignal,
): Promise<number> {
  let deleted = 0;
  while (!signal.aborted) {
    const count = await deletePage({ limit: PAGE });
    deleted += count;
    if (count < PAGE) break;
    await delay(PAUSE_MS);
  }
  return deleted;
}

/** Deletes blobs that no binary, file or job refers to. */
async function sweepBlobs({ dao, blobs }: SweepDeps, { now, signal }: SweepOptions): Promise<number> {
  const storedBefore = new Date(now.getTime() - BLOB_GRACE_MS);
  let deleted = 0;
  let seen = 0;
  for await (const { digest, storedAt } of blobs.list()) {
    if (signal.aborted) break;
    if (++seen % PAGE === 0) await delay(PAUSE_MS);
    // Keeps blobs of unknown age.
    if (!(storedAt < storedBefore)) continue;
    const uses = await Promise.all([dao.binaries.uses(digest), dao.files.uses(digest), dao.jobs.uses(digest)]);
    // Kept if it was stored again meanwhile: a row is about to refer to it.
    if (!uses.includes(true) && (await blobs.delete(digest, { storedBefore }))) deleted++;
  }
  return deleted;
}

async function sweepBinaries({ dao }: SweepDeps, before: Date, signal: AbortSignal): Promise<number> {
  let deleted = 0;
  const onClassPaths = await openClassPaths({ dao });
  for await (const { name, version: newest } of binaryNames(dao)) {
    for await (const binary of olderVersions(dao, name, newest)) {
      if (signal.aborted) return deleted;
      if (isYounger(binary, before) || onClassPaths.has(`${name}@${binary.digest}`)) continue;
      if (await isInUse(dao, binary)) continue;
      deleted += (await dao.binaries.delete(name, binary.version)).length;
    }
    await delay(PAUSE_MS);
  }
  return deleted;
}

function isYounger({ createTime }: Binary, time: Date): boolean {
  return createTime === undefined || timestampMs(createTime) >= time.getTime();
}

async function isInUse(dao: SweepDeps["dao"], { name, digest }: Binary): Promise<boolean> {
  const filter = { states: OPEN_JOB_STATES, binary: name, binaryDigest: digest };
  return (await dao.jobs.list(filter, { limit: 1 })).length > 0;
}

async function* binaryNames(dao: SweepDeps["dao"]): AsyncGenerator<Binary> {
  let after: string | undefined;
  for (;;) {
    const page = await dao.binaries.list({ limit: PAGE, after });
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.name;
  }
}

async function* olderVersions(dao: SweepDeps["dao"], name: string, newest: number): AsyncGenerator<Binary> {
  let before = newest;
  for (;;) {
    const page = await dao.binaries.versions(name, { limit: PAGE, before });
    yield* page;
    if (page.length < PAGE) return;
    before = page.at(-1)?.version ?? 0;
  }
}
