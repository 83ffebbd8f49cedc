import { pino } from "pino";
import { findNatsServer } from "../standalone/mod.ts";

/** Has the NATS server binary there once, before test files that need it start side by side. */
export default async function setup() {
  await findNatsServer({ log: pino({ level: "warn" }) });
}
