import type { Job, JobContext } from "hearth";

interface WordCountConfig {
  /** A text. */
  readonly input?: { readonly string?: string } | undefined;
  /** Names of uploaded data files, counted instead of, or besides, the text. */
  readonly files?: readonly string[] | undefined;
  /** Number of words to return, the most frequent first. Default: all, in order of first occurrence. */
  readonly top?: number | undefined;
}

/** Counts the words of `input.string`, split at single spaces, and those of `files`, split at characters that are not letters or digits. */
export const WordCount: Job<WordCountConfig, Record<string, number>> = {
  validate: ({ config }) => (config.input?.string || config.files?.length ? [] : ["No input.string config param"]),
  async run(job) {
    const counts = new Map<string, number>();
    for (const word of job.config.input?.string?.split(" ") ?? []) count(counts, word);
    await countFiles(counts, job);
    job.progress(1, "counted", { words: counts.size });
    return Object.fromEntries(job.config.top === undefined ? counts : mostFrequent(counts, job.config.top));
  },
};

/** spark-jobserver's name for it. */
export const WordCountExample = WordCount;

async function countFiles(counts: Map<string, number>, job: JobContext<WordCountConfig>): Promise<void> {
  const files = job.config.files ?? [];
  for (const [index, name] of files.entries()) {
    // A word may span two chunks, so the last word waits for the next chunk.
    let unfinished = "";
    for await (const chunk of (await job.data.stream(name)).pipeThrough(new TextDecoderStream())) {
      const words = (unfinished + chunk).toLowerCase().split(/[^\p{L}\p{N}]+/u);
      unfinished = words.pop() ?? "";
      for (const word of words) if (word !== "") count(counts, word);
      job.signal.throwIfAborted();
      job.progress(index / files.length, `counting ${name}`, { words: counts.size });
    }
    if (unfinished !== "") count(counts, unfinished);
  }
}

function count(counts: Map<string, number>, word: string): void {
  counts.set(word, (counts.get(word) ?? 0) + 1);
}

function mostFrequent(counts: Map<string, number>, limit: number): [string, number][] {
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, limit);
}
