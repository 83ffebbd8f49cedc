import { JobError_Reason } from "../../proto/node.ts";
import type { Execution, JobObserver, JobRun, Outcome, Sandbox } from "../runtime/mod.ts";
import { DeferredExecution } from "./deferred_execution.ts";
import { type ReadSecret, SecretUnavailable } from "./folder.ts";
import { type KnownSecrets, readSecrets } from "./known_secrets.ts";
import { redactEnd, redactOutcome } from "./redacted_outcome.ts";
import { createReport } from "./redacted_reports.ts";
import { namesIn, resolveReferences } from "./references.ts";
import { type Grantee, tellRefusedConfig } from "./secret_grants.ts";

interface GuardDeps {
  readonly read: ReadSecret;
  readonly grantee: Grantee;
  readonly known: KnownSecrets;
}

/** Decorates a sandbox with secrets; see `withSecrets`. */
export function guardSandbox(sandbox: Sandbox, deps: GuardDeps): Sandbox {
  const { known, grantee } = deps;
  const hasSecrets = (grantee.settings.permissions?.secrets ?? []).length > 0;
  return {
    closed: sandbox.closed.then((end) => redactEnd(known.redactor, end)),
    processId: sandbox.processId,
    application: sandbox.application,
    warnings: sandbox.warnings,
    load: () => sandbox.load(),
    async objects() {
      const objects = await sandbox.objects();
      return objects.map((object) => ({ ...object, name: known.redactor?.text(object.name) ?? object.name }));
    },
    dropObject: (name) => sandbox.dropObject(name),
    run(job, observer) {
      const names = namesIn(job.config);
      if (names.length === 0)
        return hasSecrets ? runRedacted(sandbox, job, { observer, known }) : sandbox.run(job, observer);
      return new DeferredExecution(async () => {
        const refused = tellRefusedConfig(names, grantee);
        if (refused !== undefined) return { type: "denied", message: refused };
        const config = await resolveConfig(deps, job.config, names);
        if (typeof config !== "string") return config;
        return () => runRedacted(sandbox, { ...job, config }, { observer, known });
      });
    },
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}

/** The config with its secrets, or the outcome of the job without them. */
async function resolveConfig(
  { read, known }: GuardDeps,
  config: string,
  names: readonly string[],
): Promise<string | Outcome> {
  try {
    return resolveReferences(config, await readSecrets(read, names, known));
  } catch (error) {
    if (!(error instanceof SecretUnavailable)) throw error;
    const reason = JobError_Reason.SECRET_UNAVAILABLE;
    return { type: "failed", error: { reason, name: "", message: error.message, stack: "", problems: [] } };
  }
}

function runRedacted(
  sandbox: Sandbox,
  job: JobRun,
  { observer, known }: { observer: JobObserver; known: KnownSecrets },
): Execution {
  const report = createReport(observer, known);
  const execution = sandbox.run(job, report.observer);
  return {
    outcome: execution.outcome.then((outcome) => report.finish(redactOutcome(known.redactor, outcome))),
    abort: (reason) => execution.abort(reason),
    terminate: () => execution.terminate(),
  };
}
