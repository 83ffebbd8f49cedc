import type { Job, JobContext } from "hearth";

type Rates = ReadonlyMap<string, number>;

/** Converts an amount of euros with the data file `rates.csv`, which one job of the context reads once an hour for all. */
export const Convert: Job<{ amount: number; currency: string }, number> = {
  validate: ({ config }) => (typeof config.amount === "number" ? [] : ["amount must be a number"]),
  async run(job) {
    const { amount, currency } = job.config;
    const rate = (await sharedRates(job)).get(currency);
    if (rate === undefined) throw new RangeError(`Cannot convert to "${currency}": rates.csv has no such currency`);
    return amount * rate;
  },
};

/** Streams every rate: the result is an array that callers can read while it is produced. */
export const Rates: Job = async function* (job) {
  for (const [currency, rate] of await sharedRates(job)) yield { currency, rate };
};

function sharedRates({ objects, data }: Pick<JobContext, "objects" | "data">): Promise<Rates> {
  return objects.getOrElseCreate("rates", async () => parseRates(await data.text("rates.csv")), { ttlMs: 3_600_000 });
}

/** One `currency,rate` a line. */
function parseRates(csv: string): Rates {
  const lines = csv.split("\n").filter((line) => line !== "");
  return new Map(lines.map(parseLine));
}

function parseLine(line: string): [currency: string, rate: number] {
  const [currency = "", rate] = line.split(",");
  return [currency, Number(rate)];
}
