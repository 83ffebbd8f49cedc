import { runtimeMismatch } from "../../proto/errors.ts";
import { type ContextSettings, Runtime } from "../../proto/mod.ts";
import type { Program } from "./program.ts";

/** Throws when the context of a job runs other programs than that of the job. `settings` may say nothing; then they ask for the context of one job. */
export function checkRuntime(
  program: Program,
  { name, settings }: { readonly name: string; readonly settings?: Pick<ContextSettings, "runtime"> | undefined },
): void {
  const { runtime, binary } = program;
  const contextRuntime = settings?.runtime || (name === "" ? runtime : Runtime.DENO);
  if (contextRuntime !== runtime) {
    throw runtimeMismatch({ binary: binary?.name, context: name }, Runtime[runtime], Runtime[contextRuntime]);
  }
}
