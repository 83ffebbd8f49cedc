/** Jobs: submit, run, wait, watch, cancel, result; and what becomes of jobs whose node is lost. Imports the record, nodes, contexts, binaries and events. */
export { createSessionObserver } from "./arrivals.ts";
export { cancelJob } from "./cancel.ts";
export { parseConfig } from "./defaults.ts";
export { toMs } from "./durations.ts";
export { startReconciler } from "./reconcile.ts";
export { followResult, openResult } from "./result.ts";
export { type RunOutcome, runJob } from "./run.ts";
export { submitQuery } from "./run_sql.ts";
export { listedJob, shownJob } from "./shown.ts";
export { submitJob } from "./submit.ts";
export { type WaitDeps, waitForEnd, waitForStart } from "./wait.ts";
export { watchJob } from "./watch.ts";
export { watchJobLogs } from "./watch_logs.ts";
