import { RawResult, type Script } from "./script.ts";

/** Never resolves. */
const never = new Promise<never>(() => {});

/** Entry points that every scripted runtime has. */
export const STANDARD_SCRIPTS: Readonly<Record<string, Script>> = {
  /** Answers its config. */
  echo: { run: ({ config }) => config },
  nothing: { run: () => undefined },
  bundle: { run: ({ bundle }) => bundle },
  /** Throws its config's `message`. */
  fail: {
    run({ config }) {
      throw new TypeError(String(config.message));
    },
  },
  /** Refuses a config without `string`. */
  strict: { validate: ({ string }) => (string ? [] : ["No string config param"]), run: ({ config }) => config.string },
  /** Waits until its signal is aborted, then throws the reason. */
  cooperative: { run: ({ signal }) => rejection(signal) },
  /** Waits until its signal is aborted, then returns all the same. */
  polite: { run: ({ signal }) => rejection(signal).catch((reason: Error) => `ended: ${reason.message}`) },
  /** Never ends by itself. */
  stubborn: { run: () => never },
  broken: { run: () => new RawResult("{") },
  /** Keeps its config's `value` under its `name`. */
  keep: { run: ({ config, objects }) => void objects.set(String(config.name), config.value) },
  /** Answers a string of `length` characters. */
  large: { run: ({ config }) => "x".repeat(Number(config.length)) },
  /** Writes `lines` lines of `length` characters. */
  chatty: {
    run({ config, log }) {
      for (let line = 1; line <= Number(config.lines); line++) log(`${line} `.padEnd(Number(config.length), "."));
    },
  },
  /** Reports its progress `steps` times. */
  steps: {
    run({ config, progress }) {
      const steps = Number(config.steps);
      for (let step = 1; step <= steps; step++) progress(step / steps, `step ${step}`, { step });
    },
  },
  /** Answers the texts of all data files. */
  files: {
    async run({ files }) {
      const texts: Record<string, string> = {};
      for (const name of await files.list()) {
        const content = await files.open(name);
        if (content !== undefined) texts[name] = await new Response(content).text();
      }
      return texts;
    },
  },
};

/** Rejects with the reason for which the signal is aborted. */
export function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error(String(signal.reason)))));
}
