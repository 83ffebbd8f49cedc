import { jarUnfit, runtimeMismatch } from "../../proto/errors.ts";
import { type Binary, type Context, type ContextSettings, type NodeRuntime, Runtime } from "../../proto/mod.ts";
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

interface Place {
  readonly context: Pick<Context, "name">;
  readonly session: Pick<NodeSession, "nodeId" | "runtimes">;
}

/** Whether the Spark of a node can run a program, as far as that is known of both. */
export function runsOn(program: Pick<Program, "binary" | "classPath">, session: Place["session"]): boolean {
  return findUnfit(program, session) === undefined;
}

/**
 * Throws when the Spark of a context's node cannot run a job of a jar, as its Scala and Java show. Of jars without jobs nothing is said: what was
 * found in them may not be used.
 */
export function checkVersions(program: Pick<Program, "binary" | "classPath">, { context, session }: Place): void {
  const unfit = findUnfit(program, session);
  if (unfit === undefined) return;
  const { jar, why, node } = unfit;
  const spark = `Spark ${node.version}${node.detail === "" ? "" : ` (${node.detail})`}`;
  throw jarUnfit(
    { binary: jar.name, context: context.name },
    `${why}; node "${session.nodeId}" runs ${spark}: compile the jar for that, or use a node that fits`,
  );
}

/** The first jar that a node cannot run, and why, in words. */
function findUnfit(
  { binary, classPath }: Pick<Program, "binary" | "classPath">,
  session: Place["session"],
): { readonly jar: Binary; readonly why: string; readonly node: NodeRuntime } | undefined {
  const node = runtimeOf(session, Runtime.SPARK);
  if (node === undefined || binary === undefined) return undefined;
  for (const jar of [...classPath, binary].filter(({ entryPoints }) => entryPoints.length > 0)) {
    const why = whyUnfit(jar, node);
    if (why !== undefined) return { jar, why, node };
  }
  return undefined;
}

function whyUnfit(
  { scalaVersion, javaVersion }: Pick<Binary, "scalaVersion" | "javaVersion">,
  node: Pick<NodeRuntime, "version" | "scalaVersion" | "javaVersion">,
): string | undefined {
  const scalaOfNode = node.scalaVersion || SCALA_OF_SPARK[Number.parseInt(node.version, 10)] || "";
  // Releases such as 2.13.18 of one binary version fit together.
  if (scalaVersion !== "" && scalaOfNode !== "" && !`${scalaOfNode}.`.startsWith(`${scalaVersion}.`)) {
    return `it is compiled for Scala ${scalaVersion}, not for ${scalaOfNode}`;
  }
  if (node.javaVersion !== 0 && javaVersion > node.javaVersion) {
    return `its jobs are compiled for Java ${javaVersion}, which is newer than ${node.javaVersion}`;
  }
  return undefined;
}

/** Of major releases that are published for one Scala only. */
const SCALA_OF_SPARK: Readonly<Record<number, string>> = { 4: "2.13" };
