import { z } from "zod";

const days = z.number().positive().nullable();

/** Section `gateway.retention`. */
export const retentionSection = z
  .strictObject({
    jobDays: days.default(30).describe("Final jobs with their configs, results and logs"),
    contextDays: days.default(30).describe("Contexts that have ended"),
    binaryDays: days.default(null).describe("Versions of binaries that are not the newest and that no open job uses"),
    everyMinutes: z.number().positive().max(10_000).default(60).describe("Minutes between two sweeps"),
  })
  .prefault({})
  .describe("How long things are kept, in days; null: for ever");
