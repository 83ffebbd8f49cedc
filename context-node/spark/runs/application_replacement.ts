import { startTimer } from "../../../lib/async/mod.ts";
import type { ContextKind } from "../protocol/driver_protocol.ts";
import type { SparkConfig } from "../spark_config.ts";
import { classesTaken } from "./job_errors.ts";
import type { Run } from "./run.ts";

/** Policy for jobs whose classes differ from loaded classes of the same names. */
export interface NewVersions extends Pick<SparkConfig, "onNewVersion" | "replaceTimeoutMs"> {
  readonly kind: ContextKind;
}

/** The pending end of a driver, after its running jobs, in favor of jobs that it cannot run. Disposing cancels the wait. */
export interface Replacement extends Disposable {
  /** Why the driver ends, as a sentence. */
  readonly message: string;
  /** Postpones a run: the next driver runs it, or this one if the wait takes too long. */
  postpone(run: Run): void;
  /** Postpones a run that the driver refused: it fails if the wait takes too long. */
  postponeRefused(run: Run, conflict: string): void;
}

/** Returns why a job fails at once, or undefined if it waits for another driver. */
export function refuseNewVersion({ onNewVersion, kind }: NewVersions, hasOtherJars: boolean): string | undefined {
  if (onNewVersion === "refuse")
    return "restart the context, or run the job in another one (node.spark.onNewVersion is refuse)";
  if (kind === "streaming")
    return "restart the context, or run the job in another one: a streaming context does not wait for its jobs to end";
  // With no other jars loaded, the next driver would refuse the job too.
  return hasOtherJars ? undefined : "two jars of this job have different classes of that name: leave one of them out";
}

/** Waits for the runs that `running` returns. If that takes too long, calls `calledOff`, then fails the postponed jobs. */
export function startReplacement(
  conflict: string,
  { replaceTimeoutMs }: NewVersions,
  { running, calledOff }: { running: () => readonly Run[]; calledOff: () => void },
): Replacement {
  const waited = Promise.withResolvers<string>();
  const timer = startTimer(replaceTimeoutMs, () => {
    calledOff();
    waited.resolve(named(running()));
  });
  return {
    message: `A new version of a jar needs a new Spark application: ${conflict}`,
    postpone: (run) => run.settle({ type: "postponed", calledOff: waited.promise.then(() => undefined) }),
    postponeRefused(run, own) {
      const text = `The job waits for a new Spark application, which starts when ${named(running())} has ended: ${own}`;
      run.logged([{ time: Date.now(), level: "WARN", text }]);
      const error = waited.promise.then((jobs) =>
        classesTaken(
          own,
          `its context still ran ${jobs} after ${replaceTimeoutMs / 1000} s (node.spark.replaceTimeoutMs): cancel that, restart the context, or run the job in another one`,
        ),
      );
      run.settle({ type: "postponed", calledOff: error });
    },
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}

/** Maximum number of jobs that a message names. */
const MOST_NAMED = 3;

function named(runs: readonly Run[]): string {
  const ids = runs.slice(0, MOST_NAMED).map(({ job }) => job.jobId);
  if (ids.length === 0) return "no job";
  const rest = runs.length > MOST_NAMED ? ` and ${runs.length - MOST_NAMED} more` : "";
  return `job ${ids.join(", ")}${rest}`;
}
