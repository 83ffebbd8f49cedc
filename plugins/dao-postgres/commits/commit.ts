import type { Client } from "pg";
import type { Row } from "../tables/rows.ts";
import type { Write } from "./write.ts";

export type Outcome = PromiseSettledResult<readonly Row[]>;

/**
 * Commits writes in one transaction as one pipeline: nothing waits for a response in between. A fulfilled write, with its rows, is durable;
 * nothing of a rejected one is stored, unless the connection broke during the commit.
 */
export async function commitBatch(
  client: Client,
  writes: readonly Write<unknown>[],
  { lock, isBroken }: { lock: string; isBroken: () => boolean },
): Promise<Outcome[]> {
  const outcomes = await transact(client, writes, lock);
  if (writes.length === 1 || isBroken() || outcomes.every(({ status }) => status === "fulfilled")) return outcomes;
  // A failure rolls back the whole transaction: attribute it to the failing write.
  const alone: Outcome[] = [];
  for (const write of writes) alone.push(...(await transact(client, [write], lock)));
  return alone;
}

async function transact(client: Client, writes: readonly Write<unknown>[], lock: string): Promise<Outcome[]> {
  const { stream } = client.connection;
  // One packet for many statements.
  stream.cork();
  const begun = client.query(`BEGIN; ${lock}`);
  const answers = writes.map(async ({ name, text, values }) => {
    const { rows } = await client.query<Row>({ name, text, values: [...values] });
    return rows;
  });
  const committed = client.query("COMMIT");
  stream.uncork();

  const [start, end, ...outcomes] = await Promise.allSettled([begun, committed, ...answers]);
  // After the first error the server refuses the rest, and treats the COMMIT as a ROLLBACK.
  const fault = [start, ...outcomes, end].find((outcome) => outcome.status === "rejected");
  return fault ? writes.map(() => fault) : outcomes;
}
