import { startTimer } from "../../../lib/async/mod.ts";
import type { ContextKind } from "../protocol/driver_protocol.ts";
import type { SparkConfig } from "../spark_config.ts";
import { classesTaken } from "./job_errors.ts";
import type { Run } from "./run.ts";

/** What happens to jobs whose classes differ from those under the same names that a driver has loaded. */
export interface NewVersions extends Pick<SparkConfig, "onNewVersion" | "replaceTimeoutMs"> {
  readonly kind: ContextKind;
}

/** A driver is to end for the jobs that it cannot run, once those that run have ended. Disposing it stops the wait. */
export interface Replacement extends Disposable {
  /** Why the driver ends. */
  readonly message: string;
  /** Ends a run without an error: the next driver runs it, or if the wait was too long this one. */
  postpone(run: Run): void;
  /** The same of one that the driver refused: it fails if the wait was too long. */
  postponeRefused(run: Run, conflict: string): void;
}

/** Why a job fails at once; undefined when it waits for another driver. */
export function refuseNewVersion({ onNewVersion, kind }: NewVersions, hasOtherJars: boolean): string | undefined {
  if (onNewVersion === "refuse")
    return "restart the context, or run the job in another one (node.spark.onNewVersion is refuse)";
  if (kind === "streaming")
    return "restart the context, or run the job in another one: a streaming context does not wait for its jobs to end";
  // In an empty name space it would be no other in the next driver.
  return hasOtherJars ? undefined : "two jars of this job have different classes of that name: leave one of them out";
}

/** `running` are the runs that it waits for; `calledOff` is called, before any postponed job fails, when that took too long. */
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

/** The most jobs that a message names. */
const MOST_NAMED = 3;

function named(runs: readonly Run[]): string {
  const ids = runs.slice(0, MOST_NAMED).map(({ job }) => job.jobId);
  if (ids.length === 0) return "no job";
  const rest = runs.length > MOST_NAMED ? ` and ${runs.length - MOST_NAMED} more` : "";
  return `job ${ids.join(", ")}${rest}`;
}
