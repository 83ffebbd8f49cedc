import { setTimeout as delay } from "node:timers/promises";
import type { Api, Json } from "../api.ts";
import { JOB } from "../hearth.ts";
import { latencyOf } from "../latency.ts";
import { expectState, timed } from "./timed.ts";

/** Context whose queue is filled. */
const NARROW = "narrow";
const SLOTS = 4;

/** Concurrent calls of the submitter. */
const SUBMITTERS = 32;

const POLL_MS = 5;

/**
 * Fills the queue of a context whose few slots are all taken, then frees the slots and waits until every job is final.
 * At most 1000 jobs: they are counted on one page.
 */
export async function measureDrain(api: Api, count: number) {
  const jobs = `/v1/contexts/${NARROW}/jobs`;
  const settings = { maxJobsPerContext: SLOTS, maxQueuedJobs: count };
  await api.post("/v1/contexts", { name: NARROW, settings });
  const blockers = await submit(api, jobs, { entryPoint: "Cooperative", count: SLOTS });
  for (const { id = "" } of blockers) await api.untilEvent(id, "progress");

  const submitted = await timed(() => submit(api, jobs, { entryPoint: JOB.entryPoint, count }));
  for (const job of submitted.answer) expectState(job, "QUEUED");
  const drained = await timed(async () => {
    await Promise.all(blockers.map(({ id }) => api.post(`/v1/jobs/${id}:cancel`)));
    await untilEnded(api, { jobs, lastId: submitted.answer.at(-1)?.id ?? "" });
  });
  const { jobs: succeeded = [] } = await api.get(`${jobs}?states=SUCCEEDED&pageSize=${count}`);
  if (succeeded.length !== count) throw new Error(`Of ${count} queued jobs ${succeeded.length} succeeded`);
  await api.post(`/v1/contexts/${NARROW}:stop`);
  return [
    { name: `${count} jobs submitted, ${SUBMITTERS} calls at a time`, ...latencyOf([submitted.ms]) },
    { name: `${count} queued jobs drained by ${SLOTS} slots`, ...latencyOf([drained.ms]) },
  ];
}

async function submit(api: Api, path: string, { entryPoint, count }: { entryPoint: string; count: number }) {
  const submitted: Json[] = [];
  let left = count;
  await Promise.all(
    Array.from({ length: SUBMITTERS }, async () => {
      while (left-- > 0) submitted.push(await api.post(path, { ...JOB, entryPoint }));
    }),
  );
  return submitted;
}

/** Watches the last job of the queue, and polls those that run beside it. */
async function untilEnded(api: Api, { jobs, lastId }: { jobs: string; lastId: string }): Promise<void> {
  await api.untilEvent(lastId, "succeeded");
  for (;;) {
    const { jobs: left = [] } = await api.get(`${jobs}?states=QUEUED&states=RUNNING&pageSize=1`);
    if (left.length === 0) return;
    await delay(POLL_MS);
  }
}
