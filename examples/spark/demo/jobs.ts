import { readFile } from "node:fs/promises";
import { type Client, get, type JobStage, post, runSql, upload, watchJob } from "../../demo/client.ts";
import { createProgressBar } from "../../demo/progress_bar.ts";
import { describeStages } from "./stages.ts";

const CONTEXT = "demo";

/** Size of the counted text, which executors generate and keep as a named RDD. */
const TEXT = { megabytes: 24, partitions: 12 };

/** Number of rows of the streamed query. */
const STREAMED_ROWS = 300_000;

/** Uploads the jar, and shows jobs, a named RDD, a query, a kill and a restart in a Spark context. */
export async function showJobs(client: Client, jar: string): Promise<void> {
  await upload(client, "/v1/binaries/examples", await readFile(jar), "application/java-archive");
  console.log(`\nUploaded the example jobs. Counting the words of ${TEXT.megabytes} MB of text on one core:`);

  const coldFrom = performance.now();
  await post(client, "/v1/contexts", { name: CONTEXT, settings: settings({ cores: 1 }) });
  const counts = await runJob<[string, number][]>(client, "hearth.examples.TextWordCount", TEXT);
  const coldMs = performance.now() - coldFrom;
  console.log("\nThe most frequent words:\n");
  for (const [word, count] of counts) console.log(`  ${word.padEnd(12)} ${String(count).padStart(8)}`);

  await showNamedObjects(client);
  const warmMs = await timed(() => runJob(client, "hearth.examples.TextWordCount", TEXT));
  await showQueries(client);
  await showKill(client);

  console.log("\nRestarting the context with two cores:");
  const restartMs = await timed(() =>
    post(client, `/v1/contexts/${CONTEXT}:restart`, { settings: settings({ cores: 2 }) }),
  );
  const restartedMs = await timed(() => runJob(client, "hearth.examples.TextWordCount", TEXT));
  console.log(
    `\nWord count, cold, start of the context included: ${coldMs.toFixed(0)} ms; warm: ${warmMs.toFixed(0)} ms. ` +
      `Restart with two cores: ${restartMs.toFixed(0)} ms; the first word count then: ${restartedMs.toFixed(0)} ms.`,
  );
}

function settings({ cores }: { cores: number }) {
  return { runtime: "SPARK", settings: { "num-cpu-cores": cores, "memory-per-node": "512m" } };
}

/** Runs a second job, which reads the named RDD of the first one. */
async function showNamedObjects(client: Client): Promise<void> {
  console.log("\nThe text is a named RDD of the context now. Another job reads it from memory:");
  const lines = await runJob<Record<string, number>>(client, "hearth.examples.TextLines", TEXT);
  console.log(`  ${JSON.stringify(lines)}`);
  const { objects = [] } = await get<{ objects?: NamedObject[] }>(client, `/v1/contexts/${CONTEXT}/objects`);
  for (const { name, kind, cachedPartitions = 0, partitions, memoryBytes = "0" } of objects) {
    console.log(
      `  ${kind} ${name}: ${cachedPartitions} of ${partitions} partitions cached, ${megabytes(memoryBytes)} MB`,
    );
  }
}

interface NamedObject {
  readonly name: string;
  readonly kind: string;
  readonly partitions: number;
  readonly cachedPartitions?: number;
  readonly memoryBytes?: string;
}

async function showQueries(client: Client): Promise<void> {
  await runJob(client, "hearth.examples.NamedSquares", { rows: 1000 });
  const statement = "SELECT name, square FROM global_temp.squares WHERE id > :from AND id % 100 = 0 ORDER BY id";
  console.log(`\nA query on a DataFrame that a job has named:\n  ${statement}`);
  for await (const line of runSql(client, CONTEXT, { statement, parameters: { from: 700 } })) {
    console.log(`  ${JSON.stringify(line)}`);
  }
  const streamed = `SELECT id, sqrt(id) AS root FROM range(${STREAMED_ROWS})`;
  console.log(`\nA query whose rows arrive while it runs:\n  ${streamed}`);
  const startedAt = performance.now();
  let firstMs: number | undefined;
  let last: unknown;
  for await (const line of runSql(client, CONTEXT, { statement: streamed })) {
    if (line["id"] !== undefined) firstMs ??= performance.now() - startedAt;
    last = line;
  }
  const allMs = performance.now() - startedAt;
  console.log(
    `  first row after ${firstMs?.toFixed(0)} ms, last line after ${allMs.toFixed(0)} ms: ${JSON.stringify(last)}`,
  );
}

async function showKill(client: Client): Promise<void> {
  console.log("\nKilling a job that would run for ten minutes:");
  const config = { stress: { test: { longpijob: { duration: 600 } } } };
  const { id } = await submit(client, "spark.jobserver.LongPiJob", config);
  let cancelledAt = 0;
  for await (const event of watchJob(client, id)) {
    if (event.running) {
      cancelledAt = performance.now();
      await post(client, `/v1/jobs/${id}:cancel`, {});
    }
    if (event.cancelled) console.log(`  it has stopped ${(performance.now() - cancelledAt).toFixed(0)} ms later`);
    if (event.failed) throw new Error(`The job failed instead: ${event.failed.error?.message}`);
  }
}

/** Submits a job, shows its stages and tasks until it ends, and resolves to its result. */
async function runJob<Result>(client: Client, entryPoint: string, config: object): Promise<Result> {
  const { id } = await submit(client, entryPoint, config);
  console.log(`\nJob ${id}, ${entryPoint}`);
  const bar = createProgressBar(process.stdout);
  let stages: readonly JobStage[] = [];
  for await (const event of watchJob(client, id)) {
    const progress = event.progress ?? event.lastProgress;
    stages = progress?.stages ?? stages;
    if (progress) bar.show(progress.fraction ?? 0, describeStages(stages));
    if (event.succeeded) {
      bar.show(1, describeStages(stages));
      bar.end();
    }
    if (event.failed) throw new Error(`The job failed: ${event.failed.error?.stack ?? event.failed.error?.message}`);
    if (event.cancelled || event.rejected) throw new Error(`The job did not run: ${JSON.stringify(event)}`);
  }
  return get<Result>(client, `/v1/jobs/${id}/result`);
}

function submit(client: Client, entryPoint: string, config: object): Promise<{ id: string }> {
  return post(client, "/v1/jobs", { binary: "examples", entryPoint, context: CONTEXT, config });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function megabytes(bytes: string): string {
  return (Number(bytes) / 1e6).toFixed(1);
}
