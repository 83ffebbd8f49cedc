import type { Job, JobContext } from "hearth";

type Rates = ReadonlyMap<string, number>;

/** Converts an amount of euros by the data file `rates.csv`, which the jobs of a context read together, once an hour. */
export const Convert: Job<{ amount: number; currency: string }, number> = {
  validate: ({ config }) => (typeof config.amount === "number" ? [] : ["amount must be a number"]),
  async run(job) {
    const { amount, currency } = job.config;
    const rate = (await sharedRates(job)).get(currency);
    if (rate === undefined) throw new RangeError(`Cannot convert to "${currency}": rates.csv has no such currency`);
    return amount * rate;
  },
};

/** Answers every rate as it comes to it: the result is an array that callers can read from the first one on. */
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
