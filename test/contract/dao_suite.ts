import { describe } from "vitest";
import { describeAudit } from "./dao_audit.ts";
import type { DaoBackEnd } from "./dao_back_end.ts";
import { describeBinaries } from "./dao_binaries.ts";
import { describeContexts } from "./dao_contexts.ts";
import { describeDurability } from "./dao_durability.ts";
import { describeFiles } from "./dao_files.ts";
import { describeJobLists } from "./dao_job_lists.ts";
import { describeJobs } from "./dao_jobs.ts";
import { describeOutbox } from "./dao_outbox.ts";

export type { DaoBackEnd };

/** Checks every promise of `Dao`. `createBackEnd` makes an empty back end, a new one for each test. */
export function describeDao(name: string, createBackEnd: () => Promise<DaoBackEnd>): void {
  describe(`${name} keeps the contract of Dao`, () => {
    describeJobs(createBackEnd);
    describeJobLists(createBackEnd);
    describeContexts(createBackEnd);
    describeBinaries(createBackEnd);
    describeFiles(createBackEnd);
    describeAudit(createBackEnd);
    describeOutbox(createBackEnd);
    describeDurability(createBackEnd);
  });
}
