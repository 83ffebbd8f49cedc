import { create, type Message } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import type { Logger } from "pino";
import { v7 as uuidv7 } from "uuid";
import { createSteadyClock, pause } from "../../lib/async/mod.ts";
import type { Dao } from "../../plugins/contract/mod.ts";
import { type AuditEntry, AuditEntry_Outcome, AuditEntrySchema } from "../../proto/mod.ts";
import { type EventStream, publishAuditEntry } from "../events/mod.ts";
import { newId } from "../ids.ts";

/** Entries are written together, so long after the first of them. */
const WRITE_DELAY_MS = 200;

/** When the store does not work, it is tried again after so long. */
const RETRY_DELAY_MS = 1000;

/** Times that the store fails to take entries together, before each goes alone. */
const FAILURES_TOGETHER = 3;

/** Entries that the store may refuse, one by one, before it counts as away. */
const MOST_REFUSED = 20;

/** Entries that may wait for the store. */
const WAITING_LIMIT = 10_000;

const HOUR_MS = 3_600_000;

/** What a call says of itself; the log knows the rest. */
export type AuditRecord = Partial<Omit<AuditEntry, keyof Message | "id" | "time" | "gatewayId">>;

/** Characters of a text in an entry; callers make some of them up. The rest of a longer one is left out. */
const LONGEST_TEXT = 256;

/** Entries of a list in an entry: a class path that is taken has no more. */
const LONGEST_LIST = 256;

/** Takes what was done, by whom. Disposing it writes what waits. */
export interface AuditLog extends AsyncDisposable {
  /** False while the store is so far behind that nothing more can be remembered: what has to be told may not be done then. */
  readonly hasRoom: boolean;
  /** Takes an entry, which is durable soon after. Refusals that are alike and come together become one entry. */
  add(record: AuditRecord): void;
  /** Begins to tell of a call that may change something, while it is served. */
  begin(record: AuditRecord): Beginning;
}

/** A call that the audit log was told of before its end is known. */
export interface Beginning {
  /**
   * Takes the entry of its end. Resolves when the log would survive this process with the call in it: the stream has its beginning, which
   * it most often had long before, or else the store its end.
   */
  end(record: AuditRecord): Promise<void>;
}

interface AuditOptions {
  readonly log: Logger;
  readonly gatewayId: string;
  /** Entries that are older are forgotten. */
  readonly keepDays: number;
}

/**
 * Starts to write the audit log: to the store, which gets every entry, and to its JetStream stream, which misses those that
 * come while NATS is away.
 */
export function startAuditLog(
  { dao, events }: { readonly dao: Dao; readonly events: EventStream },
  { log, gatewayId, keepDays }: AuditOptions,
): AuditLog {
  const closing = new AbortController();
  const waiting = new Map<string, AuditEntry>();
  let storing: readonly AuditEntry[] = [];
  let writing: Promise<void> | undefined;
  const clock = createSteadyClock();
  let forgotAtMs = Number.NEGATIVE_INFINITY;
  let batch = createBatch();

  return {
    get hasRoom() {
      return waiting.size + storing.length < WAITING_LIMIT;
    },
    add: (record) => insert(createEntry(record, newId())),
    begin(record) {
      const id = newId();
      const told = tellBeginning(createEntry({ ...record, outcome: AuditEntry_Outcome.BEGUN }, id));
      return {
        async end(last) {
          insert(createEntry(last, id));
          if (!(await told)) await flush();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await writing;
    },
  };

  function createEntry(record: AuditRecord, id: string): AuditEntry {
    return create(AuditEntrySchema, { times: 1, ...cutTexts(record), id, time: timestampNow(), gatewayId });
  }

  function insert(entry: AuditEntry): void {
    const key = entry.outcome === AuditEntry_Outcome.REFUSED ? likeness(entry) : entry.id;
    const alike = waiting.get(key);
    if (alike !== undefined) alike.times += entry.times;
    else if (waiting.size + storing.length < WAITING_LIMIT) waiting.set(key, entry);
    else log.error({ entry }, "the audit log is behind; an entry is left out");
    writing ??= writeWaiting();
  }

  /** Whether the stream has it. */
  async function tellBeginning(entry: AuditEntry): Promise<boolean> {
    const [outcome] = await Promise.allSettled([publishAuditEntry(events, entry)]);
    return outcome.status === "fulfilled";
  }

  /** Writes what waits without delay; resolves when it is in the store. */
  async function flush(): Promise<void> {
    const { hurry, written } = batch;
    hurry.abort();
    await written.promise;
  }

  async function writeWaiting(): Promise<void> {
    while (waiting.size > 0) {
      await pause(WRITE_DELAY_MS, { signal: AbortSignal.any([closing.signal, batch.hurry.signal]) });
      const { written } = batch;
      batch = createBatch();
      storing = [...waiting.values()];
      waiting.clear();
      const isStored = await store();
      written.resolve();
      if (isStored) await publish(storing);
      storing = [];
      await forgetOld();
    }
    writing = undefined;
  }

  /** Tries until the store has the entries that are being stored, or the log closes. One that it never takes holds up no other. */
  async function store(): Promise<boolean> {
    for (let failures = 1; ; failures++) {
      const [stored] = await Promise.allSettled([dao.audit.append(storing)]);
      if (stored.status === "fulfilled") return true;
      log.error({ err: stored.reason, entries: storing.length }, "the audit log was not written");
      if (closing.signal.aborted) return false;
      if (failures % FAILURES_TOGETHER === 0 && (await storeApart())) return true;
      await pause(RETRY_DELAY_MS, closing);
    }
  }

  /** Stores entries one by one, with those that came meanwhile. False when the store takes none: then no entry is at fault. */
  async function storeApart(): Promise<boolean> {
    storing = [...storing, ...waiting.values()];
    waiting.clear();
    const refused: { readonly entry: AuditEntry; readonly err: unknown }[] = [];
    let taken: AuditEntry | undefined;
    for (const entry of storing) {
      const [stored] = await Promise.allSettled([dao.audit.append([entry])]);
      if (stored.status === "rejected") refused.push({ entry, err: stored.reason });
      else taken = entry;
      // The store is away: the rest would only wait for it.
      if (refused.length === MOST_REFUSED) return false;
    }
    if (taken === undefined) return false;
    // Once more, which changes nothing: the store may have gone away in the middle.
    const [again] = await Promise.allSettled([dao.audit.append([taken])]);
    if (again.status === "rejected") return false;
    for (const each of refused) log.error(each, "the store does not take an entry of the audit log; it is left out");
    return true;
  }

  async function publish(entries: readonly AuditEntry[]): Promise<void> {
    const outcomes = await Promise.allSettled(entries.map((entry) => publishAuditEntry(events, entry)));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) log.warn({ err: failed.reason }, "the stream of the audit log misses entries");
  }

  async function forgetOld(): Promise<void> {
    if (performance.now() - forgotAtMs < HOUR_MS) return;
    forgotAtMs = performance.now();
    const [forgotten] = await Promise.allSettled([
      dao.audit.forgetBefore(firstIdAt(clock() - keepDays * 24 * HOUR_MS)),
    ]);
    if (forgotten.status === "rejected") log.error({ err: forgotten.reason }, "old audit entries were not forgotten");
  }
}

function cutTexts(record: AuditRecord): AuditRecord {
  const cut = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.slice(0, LONGEST_LIST).map(cut);
    return typeof value === "string" && value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}…` : value;
  };
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, cut(value)]));
}

/** Entries that are written together. */
function createBatch() {
  return { hurry: new AbortController(), written: Promise.withResolvers<void>() };
}

/** The same for refusals that are told once. */
function likeness({
  principal,
  peer,
  action,
  code,
  reason,
  job,
  context,
  binary,
  classPath,
  file,
}: AuditEntry): string {
  return JSON.stringify([principal, peer, action, code, reason, job, context, binary, classPath, file]);
}

/** The smallest UUIDv7 of a time. */
function firstIdAt(ms: number): string {
  return uuidv7({ msecs: Math.max(0, ms), seq: 0, random: new Uint8Array(16) });
}
