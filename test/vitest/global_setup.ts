import { pino } from "pino";
import { findBubblewrap, findNatsServer } from "../../standalone/mod.ts";
import { findPostgres } from "../postgres/binaries.ts";

/** Fetches the binaries of NATS, bubblewrap and PostgreSQL before test files run in parallel, within their timeouts. */
export default async function setup() {
  await findNatsServer({ log: pino({ level: "warn" }) });
  await findBubblewrap({ log: pino({ level: "warn" }) });
  // Where there is no PostgreSQL, the tests that need one say what is missing.
  await Promise.allSettled([findPostgres()]);
}
