import { pino } from "pino";

/** A log that writes nothing. */
export const log = pino({ level: "silent" });
