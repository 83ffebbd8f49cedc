import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { expect } from "vitest";
import { EVENT_STREAM, isFinalJob, Job_State } from "../../proto/mod.ts";
import { FINAL_JOB_EVENTS, jobEventSubject } from "../../proto/subjects.ts";
import type { Rest } from "../http/rest.ts";
import { until } from "../until.ts";

/** An event of a job as the stream has it. */
interface Entry {
  readonly id: string;
  readonly type: string;
  readonly attempt: number;
  readonly seq: number;
}

const FINAL: ReadonlySet<string> = new Set(FINAL_JOB_EVENTS);

/** The events of all jobs on the stream, by job, in order. */
export async function readBooks(natsUrl: string): Promise<Map<string, Entry[]>> {
  const nats = await connect({ servers: natsUrl });
  const byJob = new Map<string, Entry[]>();
  try {
    const consumer = await jetstream(nats).consumers.get(EVENT_STREAM, { filter_subjects: jobEventSubject("*", "*") });
    let { num_pending: left } = await consumer.info(true);
    if (left === 0) return byJob;
    const messages = await consumer.consume();
    for await (const message of messages) {
      const [, , , jobId = "", type = ""] = message.subject.split(".");
      const { attempt, seq } = message.json<{ attempt: number; seq: number }>();
      const entry = { id: message.headers?.get("ce-id") ?? "", type, attempt, seq };
      byJob.set(jobId, [...(byJob.get(jobId) ?? []), entry]);
      left -= 1;
      if (left === 0) break;
    }
    return byJob;
  } finally {
    await nats.close();
  }
}

/**
 * Waits until the stream has the ends of these jobs, which are final, or are about to be; expects then of every job that it tells of: numbers from 1 without a gap, each once, and one end,
 * which is the last event and the one that the record has.
 */
export async function checkBooks(natsUrl: string, rest: Rest, jobIds: readonly string[]): Promise<void> {
  for (const id of jobIds) await until(`job ${id} is final`, async () => isFinalJob((await rest.job(id)).state));
  let books = new Map<string, Entry[]>();
  await until("the stream has the ends of all jobs", async () => {
    books = await readBooks(natsUrl);
    return jobIds.every((id) => books.get(id)?.some(({ type }) => FINAL.has(type)));
  });
  for (const [id, entries] of books) {
    const told = entries.map(({ attempt, seq, type }) => `${attempt}/${seq} ${type}`);
    expect({ id, told, seqs: entries.map(({ seq }) => seq) }).toEqual({ id, told, seqs: entries.map((_, n) => n + 1) });
    const ends = entries.filter(({ type }) => FINAL.has(type));
    const { state, attempt, seq } = await rest.job(id);
    const recorded = [{ type: Job_State[state].toLowerCase(), attempt, seq, id: `${id}/${attempt}/${seq}` }];
    expect({ id, told, ends }).toEqual({ id, told, ends: recorded });
    expect(entries.at(-1)).toEqual(ends[0]);
  }
}
