import { jarUnfit, runtimeMismatch } from "../../proto/errors.ts";
import { type Binary, type Context, type ContextSettings, type NodeRuntime, Runtime } from "../../proto/mod.ts";
import { type NodeSession, runtimeOf } from "../nodes/mod.ts";
import type { Program } from "./program.ts";

/** Throws when the context has another runtime than the program. Without a name, `settings` are those of the context for this job. */
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

/** Whether the Spark of a node can run a program, as far as the versions of both are known. */
export function runsOn(program: Pick<Program, "binary" | "classPath">, session: Place["session"]): boolean {
  return findUnfit(program, session) === undefined;
}

/**
 * Throws when the Spark of the node cannot run a job of a jar, by its Scala and Java versions. Jars without jobs are not checked: their
 * classes may be unused.
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

/** The first jar that a node cannot run, and the reason. */
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
  // Releases such as 2.13.18 of one binary version are compatible.
  if (scalaVersion !== "" && scalaOfNode !== "" && !`${scalaOfNode}.`.startsWith(`${scalaVersion}.`)) {
    return `it is compiled for Scala ${scalaVersion}, not for ${scalaOfNode}`;
  }
  if (node.javaVersion !== 0 && javaVersion > node.javaVersion) {
    return `its jobs are compiled for Java ${javaVersion}, which is newer than ${node.javaVersion}`;
  }
  return undefined;
}

/** Scala version of major releases of Spark that are published for one Scala only. */
const SCALA_OF_SPARK: Readonly<Record<number, string>> = { 4: "2.13" };
