import { jobNotFound } from "../../proto/errors.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { binaryName, type Touched } from "./roles.ts";

/** The resources that a call names, as given. */
export interface ResourceNames {
  readonly job?: string | undefined;
  /** Name or id. Empty for a context that is created for a job. */
  readonly context?: string | undefined;
  /** `name`, `name@2` or `name@sha256:<hex>`. */
  readonly binary?: string | undefined;
  /** Further binaries, as `binary` names one. */
  readonly classPath?: readonly string[] | undefined;
  readonly file?: string | undefined;
}

/**
 * Resolves the names by which roles refer to the resources of a call: for a job, those of its context and binaries. Rejects when there is
 * no such job.
 */
export async function resolveResources(
  { jobs, contexts }: { readonly jobs: JobRegistry; readonly contexts: ContextRegistry },
  { job: jobId, context, binary, classPath }: ResourceNames,
): Promise<Touched> {
  if (jobId !== undefined) {
    const job = await jobs.get(jobId);
    if (job === undefined) throw jobNotFound(jobId);
    return job;
  }
  return {
    context: context ? ((await contexts.find(context))?.name ?? context) : context,
    binary: binary && binaryName(binary),
    classPath,
  };
}
