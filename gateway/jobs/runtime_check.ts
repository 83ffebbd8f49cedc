import { jarUnfit, runtimeMismatch } from "../../proto/errors.ts";
import { type Context, type ContextSettings, Runtime } from "../../proto/mod.ts";
import { type NodeSession, runtimeOf } from "../nodes/mod.ts";
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

/** Throws when the Spark of a context's node cannot run a jar of the job, as far as its release shows: Spark 4 has Scala 2.13 only. */
export function checkVersions(
  { binary, classPath }: Pick<Program, "binary" | "classPath">,
  {
    context,
    session,
  }: { readonly context: Pick<Context, "name">; readonly session: Pick<NodeSession, "nodeId" | "runtimes"> },
): void {
  const { version = "" } = runtimeOf(session, Runtime.SPARK) ?? {};
  const scalaVersions = SCALA_OF_SPARK[Number.parseInt(version, 10)];
  if (scalaVersions === undefined) return;
  const jars = binary === undefined ? classPath : [...classPath, binary];
  const unfit = jars.find(({ scalaVersion }) => scalaVersion !== "" && !scalaVersions.includes(scalaVersion));
  if (unfit === undefined) return;
  const needs = scalaVersions.join(" or ");
  throw jarUnfit(
    { binary: unfit.name, context: context.name },
    `it is compiled for Scala ${unfit.scalaVersion}, and node "${session.nodeId}" runs Spark ${version}, which takes Scala ${needs}: compile it for that, or use a node with another Spark`,
  );
}

/** What is published for each major release of Spark. */
const SCALA_OF_SPARK: Readonly<Record<number, readonly string[]>> = { 3: ["2.12", "2.13"], 4: ["2.13"] };
