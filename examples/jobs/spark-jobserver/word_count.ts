import type { Job } from "hearth";

type Counts = Record<string, number>;

interface TextConfig {
  readonly input?: { readonly string?: unknown } | undefined;
}

interface TextsConfig {
  readonly input?: { readonly strings?: unknown } | undefined;
}

/** Counts the words of `input.string`, split at single spaces. */
export const WordCountExample: Job<TextConfig, Counts> = {
  validate: ({ config }) => (config.input?.string === undefined ? "No input.string config param" : undefined),
  run: ({ config }) => countAll(String(config.input?.string).split(" ")),
};

/** The same, with the validation messages of spark-jobserver's newer API. */
export const WordCountExampleNewApi: Job<TextConfig, Counts> = {
  validate: ({ config }) => (config.input?.string === undefined ? "SingleProblem(No input.string param)" : undefined),
  run: ({ config }) => countAll(String(config.input?.string).split(" ")),
};

/** Counts how often each text of `input.strings` occurs, as the Python example does. */
export const WordCountSparkJob: Job<TextsConfig, Counts> = {
  validate: ({ config }) => (Array.isArray(config.input?.strings) ? undefined : "config input.strings not found"),
  run: ({ config }) => countAll(Array.isArray(config.input?.strings) ? config.input.strings.map(String) : []),
};

export const WordCountSparkSessionJob = WordCountSparkJob;

function countAll(words: readonly string[]): Counts {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Object.fromEntries(counts);
}
