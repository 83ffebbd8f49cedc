import { create, type Message } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import type { Logger } from "pino";
import { v7 as uuidv7 } from "uuid";
import { createSteadyClock, pause } from "../../lib/async/mod.ts";
import type { Dao } from "../../plugins/contract/mod.ts";
import { type AuditEntry, AuditEntry_Outcome, AuditEntrySchema } from "../../proto/mod.ts";
import { type EventStream, publishAuditEntry } from "../events/mod.ts";
import { newId } from "../ids.ts";

/** Time for which entries are batched, in milliseconds. */
const WRITE_DELAY_MS = 200;

/** Delay after a failed write, in milliseconds. */
const RETRY_DELAY_MS = 1000;

/** Failed writes of a batch before its entries are written one by one. */
const FAILURES_TOGETHER = 3;

/** Entries that the store may refuse, one by one, before it counts as unavailable. */
const MOST_REFUSED = 20;

/** Most entries that wait for the store. */
const WAITING_LIMIT = 10_000;

const HOUR_MS = 3_600_000;

/** The part of an entry that a call provides. */
export type AuditRecord = Partial<Omit<AuditEntry, keyof Message | "id" | "time" | "gatewayId">>;

/** Most characters of a text in an entry, because callers choose some texts. Longer ones are truncated. */
const LONGEST_TEXT = 256;

/** Most items of a list in an entry. A valid class path has no more. */
const LONGEST_LIST = 256;

/** Records calls. Disposal writes pending entries. */
export interface AuditLog extends AsyncDisposable {
  /** False while the store is so far behind that no more entries fit: calls that must be recorded are refused then. */
  readonly hasRoom: boolean;
  /** Adds an entry, which is durable soon after. Equal refusals that arrive together become one entry. */
  add(record: AuditRecord): void;
  /** Records the start of a call that may change something. */
  begin(record: AuditRecord): Beginning;
}

/** A call whose start is recorded and whose end is not known yet. */
export interface Beginning {
  /**
   * Records the end. Resolves when the call would survive this process in the log: the stream has its start, usually long before, or else
   * the store its end.
   */
  end(record: AuditRecord): Promise<void>;
}

interface AuditOptions {
  readonly log: Logger;
  readonly gatewayId: string;
  /** Days after which entries are deleted. */
  readonly keepDays: number;
}

/** Starts the audit log. The store gets every entry; the JetStream stream misses those of an outage of NATS. */
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
    else log.error({ entry }, "the audit log is behind; dropping an entry");
    writing ??= writeWaiting();
  }

  /** Whether the stream has stored it. */
  async function tellBeginning(entry: AuditEntry): Promise<boolean> {
    const [outcome] = await Promise.allSettled([publishAuditEntry(events, entry)]);
    return outcome.status === "fulfilled";
  }

  /** Writes pending entries at once. Resolves when they are stored. */
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

  /** Retries until the current batch is stored or the log closes. An entry that the store never accepts delays no other. */
  async function store(): Promise<boolean> {
    for (let failures = 1; ; failures++) {
      const [stored] = await Promise.allSettled([dao.audit.append(storing)]);
      if (stored.status === "fulfilled") return true;
      log.error({ err: stored.reason, entries: storing.length }, "could not write the audit log");
      if (closing.signal.aborted) return false;
      if (failures % FAILURES_TOGETHER === 0 && (await storeApart())) return true;
      await pause(RETRY_DELAY_MS, closing);
    }
  }

  /** Stores entries one by one, with those that arrived meanwhile. False when the store accepts none, which is no fault of the entries. */
  async function storeApart(): Promise<boolean> {
    storing = [...storing, ...waiting.values()];
    waiting.clear();
    const refused: { readonly entry: AuditEntry; readonly err: unknown }[] = [];
    let taken: AuditEntry | undefined;
    for (const entry of storing) {
      const [stored] = await Promise.allSettled([dao.audit.append([entry])]);
      if (stored.status === "rejected") refused.push({ entry, err: stored.reason });
      else taken = entry;
      // The store is unavailable: the rest would only wait for it.
      if (refused.length === MOST_REFUSED) return false;
    }
    if (taken === undefined) return false;
    // Once more, which is idempotent: the store may have become unavailable in between.
    const [again] = await Promise.allSettled([dao.audit.append([taken])]);
    if (again.status === "rejected") return false;
    for (const each of refused) log.error(each, "the store refuses an entry of the audit log; dropping it");
    return true;
  }

  async function publish(entries: readonly AuditEntry[]): Promise<void> {
    const outcomes = await Promise.allSettled(entries.map((entry) => publishAuditEntry(events, entry)));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) log.warn({ err: failed.reason }, "the audit stream misses entries");
  }

  async function forgetOld(): Promise<void> {
    if (performance.now() - forgotAtMs < HOUR_MS) return;
    forgotAtMs = performance.now();
    const [forgotten] = await Promise.allSettled([
      dao.audit.forgetBefore(firstIdAt(clock() - keepDays * 24 * HOUR_MS)),
    ]);
    if (forgotten.status === "rejected") log.error({ err: forgotten.reason }, "could not delete expired audit entries");
  }
}

function cutTexts(record: AuditRecord): AuditRecord {
  const cut = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.slice(0, LONGEST_LIST).map(cut);
    return typeof value === "string" && value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}…` : value;
  };
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, cut(value)]));
}

/** A batch of entries. */
function createBatch() {
  return { hurry: new AbortController(), written: Promise.withResolvers<void>() };
}

/** Key of equal refusals. */
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
