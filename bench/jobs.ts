/** The jobs that the benchmark runs. */
import type { Job } from "hearth";

/** Counts the words of `input.string`. */
export const WordCount: Job<{ input: { string: string } }, Record<string, number>> = {
  validate: ({ config }) => (config.input?.string ? [] : ["No input.string config param"]),
  run({ config, progress }) {
    const counts: Record<string, number> = {};
    for (const word of config.input.string.split(" ")) counts[word] = (counts[word] ?? 0) + 1;
    progress(1, "counted");
    return counts;
  },
};

/** Looks up a word in a table of ten thousand that the jobs of its context share. */
export const ReadObject: Job<{ word: string }> = async ({ config, objects }) => {
  const table = await objects.getOrElseCreate("words", createTable);
  return table.get(config.word);
};

/** Runs until its signal aborts. */
export const Cooperative: Job = async ({ signal, progress }) => {
  progress(0, "waiting");
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason));
  return promise;
};

/** Never stops by itself, and blocks its executor. */
export const TightLoop: Job = async ({ progress }) => {
  progress(0, "looping");
  // The progress leaves the executor before the loop begins.
  await new Promise((resolve) => setTimeout(resolve, 10));
  for (;;);
};

/** Sends its node as many requests as it can, with all methods of the API, without awaiting them. */
export const Flood: Job = async ({ progress, log, data, objects }) => {
  progress(0, "flooding");
  for (let round = 0; ; round++) {
    for (let call = 0; call < 200; call++) {
      void data.list();
      void objects.update(`object-${call}`, round);
      log.info("flooding", round, call);
      progress(0.5, `round ${round}`, { call });
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
};

function createTable(): Map<string, number> {
  return new Map(Array.from({ length: 10_000 }, (_, number) => [`word-${number}`, number]));
}
