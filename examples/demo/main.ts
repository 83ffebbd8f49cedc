/** `npm run demo`: starts a system, counts the words of a few megabytes of text, and removes everything again. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pino } from "pino";
import { onEndRequest, startStandalone } from "../../standalone/mod.ts";
import { type Client, get, post, upload, watchJob } from "./client.ts";
import { createProgressBar } from "./progress_bar.ts";
import { readPackageTexts } from "./texts.ts";

const ROOT = resolve(import.meta.dirname, "..", "..");
const TIME_LIMIT_MS = 180_000;

/** How often each word occurs. */
type WordCounts = Readonly<Record<string, number>>;

async function run(signal: AbortSignal): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "hearth-demo-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true, force: true }));

  console.log("Starting a NATS server, a context node and a gateway …");
  const log = pino({ level: "warn" });
  const standalone = await startStandalone({ listen: "127.0.0.1:0", dataDir: directory, nodes: 1, log, signal });
  stack.use(standalone);
  console.log(`Hearth runs at ${standalone.url}.`);
  await demonstrate({ url: standalone.url, signal });
}

async function demonstrate(client: Client): Promise<void> {
  const source = await readFile(join(ROOT, "examples", "jobs", "word_count.ts"), "utf8");
  await upload(client, "/v1/binaries/words", source, "application/typescript");

  const texts = await readPackageTexts(ROOT);
  for (const { name, content } of texts) await upload(client, `/v1/data/${name}`, content, "text/plain");
  const megabytes = texts.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0) / 1e6;
  console.log(`Uploaded the word count, and ${megabytes.toFixed(1)} MB of text in ${texts.length} files.`);

  const files = texts.map(({ name }) => name);
  const startedAt = performance.now();
  await post(client, "/v1/contexts", { name: "demo" });
  const counts = await countWords(client, files);
  const coldMs = performance.now() - startedAt;
  const warmFrom = performance.now();
  await countWords(client, files);
  const warmMs = performance.now() - warmFrom;

  console.log("\nThe ten most frequent words:\n");
  const mostFrequent = Object.entries(counts).sort(([, a], [, b]) => b - a);
  for (const [word, count] of mostFrequent) console.log(`  ${word.padEnd(12)} ${String(count).padStart(8)}`);
  console.log(`\nCold run, start of the context included: ${coldMs.toFixed(0)} ms; warm run: ${warmMs.toFixed(0)} ms.`);
}

/** Submits the job, shows its progress until it ends, and returns its result. */
async function countWords(client: Client, files: readonly string[]): Promise<WordCounts> {
  const job = { binary: "words", entryPoint: "WordCount", context: "demo", config: { files, top: 10 } };
  const { id } = await post<{ id: string }>(client, "/v1/jobs", job);
  console.log(`\nJob ${id}`);
  const bar = createProgressBar(process.stdout);
  for await (const event of watchJob(client, id)) {
    const progress = event.progress ?? event.lastProgress;
    if (progress) bar.show(progress.fraction ?? 0, progress.message ?? "");
    if (event.succeeded) bar.end();
    if (event.failed) throw new Error(`The job failed: ${event.failed.error?.stack ?? event.failed.error?.message}`);
    if (event.cancelled || event.rejected) throw new Error(`The job did not run: ${JSON.stringify(event)}`);
  }
  return get<WordCounts>(client, `/v1/jobs/${id}/result`);
}

const stop = new AbortController();
onEndRequest(process, (signal) => stop.abort(new Error(`Stopped by ${signal}`)));
const timer = setTimeout(() => stop.abort(new Error(`Not done in ${TIME_LIMIT_MS} ms`)), TIME_LIMIT_MS);
try {
  await run(stop.signal);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  clearTimeout(timer);
}
