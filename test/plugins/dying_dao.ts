import { readFileSync, rmSync } from "node:fs";
import { z } from "zod";
import { type Dao, definePlugin, type JobStore, type JobWriteOptions } from "../../plugins/contract/mod.ts";
import sqlite from "../../plugins/dao-sqlite/mod.ts";

/**
 * The record in SQLite with a fault point: the process dies between the commit of a job's event and what would follow, once. The file
 * `dieAfter` arms it, and holds the type of the event, such as `failed`.
 */
export default definePlugin({
  kind: "dao",
  name: "dying",
  config: z.strictObject({ path: z.string(), dieAfter: z.string() }),
  async start({ config: { path, dieAfter }, ...options }) {
    const dao: Dao = await sqlite.start({ ...options, config: { path } });
    const dieOnce = (event: JobWriteOptions["event"]): void => {
      const type = event && armedFor(dieAfter);
      if (type === undefined || !event?.subject.endsWith(`.${type}`)) return;
      rmSync(dieAfter);
      process.kill(process.pid, "SIGKILL");
    };
    const jobs: JobStore = {
      ...dao.jobs,
      async insert(job, config, parts) {
        const existing = await dao.jobs.insert(job, config, parts);
        dieOnce(parts?.event);
        return existing;
      },
      async update(job, parts) {
        const isStored = await dao.jobs.update(job, parts);
        if (isStored) dieOnce(parts?.event);
        return isStored;
      },
    };
    return { ...dao, jobs, [Symbol.asyncDispose]: () => dao[Symbol.asyncDispose]() };
  },
});

function armedFor(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
