/** Jobs: submit, run, wait, watch, cancel, and read results and logs. */
export { cancelJob } from "./cancel.ts";
export { runsOn } from "./compatibility.ts";
export { parseJobConfig } from "./job_config.ts";
export { type Program, programOf } from "./program.ts";
export { followResult, openResult } from "./result.ts";
export { type RunOutcome, runJob } from "./run.ts";
export { submitQuery } from "./run_sql.ts";
export { listedJob, shownJob } from "./shown.ts";
export { dispatch, insertTarget, submitJob, type Target } from "./submit.ts";
export { waitForEnd, waitForStart } from "./wait.ts";
export { watchJob } from "./watch.ts";
export { watchJobLogs } from "./watch_logs.ts";
