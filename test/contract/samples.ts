import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { OutboxEvent } from "../../plugins/contract/mod.ts";
import {
  type AuditEntry,
  AuditEntry_Outcome,
  AuditEntrySchema,
  type Binary,
  BinarySchema,
  type Context,
  Context_State,
  ContextSchema,
  type File,
  FileSchema,
  type Job,
  Job_State,
  JobSchema,
} from "../../proto/mod.ts";

/** Ids like UUIDv7, in order of `n`. */
export function sampleId(n: number): string {
  return `019a0000-${n.toString(16).padStart(4, "0")}-7000-8000-000000000000`;
}

/** Digests that differ by `n`. */
export function sampleDigest(n: number): string {
  return `sha256:${n.toString(16).padStart(64, "0")}`;
}

/** A job that waits, in revision 1. */
export function sampleJob(n: number, fields: MessageInitShape<typeof JobSchema> = {}): Job {
  return create(JobSchema, {
    id: sampleId(n),
    state: Job_State.QUEUED,
    context: "counting",
    contextId: sampleId(0xffff),
    binary: "words",
    binaryVersion: 1,
    binaryDigest: sampleDigest(1),
    entryPoint: "WordCount",
    attempt: 1,
    createTime: timestampFromMs(1_763_000_000_000 + n),
    revision: 1,
    ...fields,
  });
}

/** A context that starts, in revision 1. */
export function sampleContext(n: number, fields: MessageInitShape<typeof ContextSchema> = {}): Context {
  return create(ContextSchema, {
    id: sampleId(n),
    name: `context ${n}`,
    state: Context_State.STARTING,
    createTime: timestampFromMs(1_763_000_000_000 + n),
    revision: 1,
    ...fields,
  });
}

/** A binary whose digests differ by `n`. */
export function sampleBinary(name: string, n: number, fields: MessageInitShape<typeof BinarySchema> = {}): Binary {
  return create(BinarySchema, {
    name,
    digest: sampleDigest(n),
    bundleDigest: sampleDigest(n + 0x1000),
    sourceMapDigest: sampleDigest(n + 0x2000),
    sizeBytes: 100n,
    entryPoints: ["WordCount"],
    ...fields,
  });
}

export function sampleFile(name: string, fields: MessageInitShape<typeof FileSchema> = {}): File {
  return create(FileSchema, { name, digest: sampleDigest(1), sizeBytes: 3n, contentType: "text/plain", ...fields });
}

export function sampleAuditEntry(n: number, fields: MessageInitShape<typeof AuditEntrySchema> = {}): AuditEntry {
  return create(AuditEntrySchema, {
    id: sampleId(n),
    time: timestampFromMs(1_763_000_000_000 + n),
    principal: "alice",
    action: "hearth.v1.JobService/CancelJob",
    permission: "jobs:delete",
    outcome: AuditEntry_Outcome.DONE,
    times: 1,
    ...fields,
  });
}

/** An event for the outbox. */
export function sampleEvent(id: string, fields: Partial<OutboxEvent> = {}): OutboxEvent {
  return { id, subject: `hearth.v1.jobs.${id}.succeeded`, payload: JSON.stringify({ jobId: id }), ...fields };
}

/** UTF-8 bytes of a JSON value. */
export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** Names whose order by UTF-8 bytes differs from their order by UTF-16 units, locale or case; in the former. */
export const namesInByteOrder = [
  "A",
  "Z",
  "a",
  "a b",
  "a%",
  "a.b",
  "a/b",
  "a_b",
  "aé",
  "z",
  "é",
  "日本",
  "\u{fffd}",
  "😀",
];

/** All items of a list, read page by page. Throws when a page repeats the previous one. */
export async function readPages<Item, Cursor>(
  readPage: (cursor: Cursor | undefined) => Promise<Item[]>,
  cursorOf: (item: Item) => Cursor,
): Promise<Item[]> {
  const items: Item[] = [];
  for (;;) {
    const last = items.at(-1);
    const cursor = last === undefined ? undefined : cursorOf(last);
    const page = await readPage(cursor);
    if (page.length === 0) return items;
    if (page.some((item) => cursorOf(item) === cursor))
      throw new Error(`The page after ${cursor} holds ${cursor} again`);
    items.push(...page);
  }
}

/** All items of an iteration. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
