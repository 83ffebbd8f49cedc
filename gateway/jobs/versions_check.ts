import { jarUnfit } from "../../proto/errors.ts";
import { type Binary, type Context, type NodeRuntime, Runtime } from "../../proto/mod.ts";
import { type NodeSession, runtimeOf } from "../nodes/mod.ts";
import type { Program } from "./program.ts";

interface Place {
  readonly context: Pick<Context, "name">;
  readonly session: Pick<NodeSession, "nodeId" | "runtimes">;
}

/**
 * Throws when the Spark of a context's node cannot run a job of a jar, as its Scala and Java show. Of jars without jobs nothing is said: what was
 * found in them may not be used.
 */
export function checkVersions({ binary, classPath }: Pick<Program, "binary" | "classPath">, place: Place): void {
  const node = runtimeOf(place.session, Runtime.SPARK);
  if (node === undefined) return;
  const jars = binary === undefined ? [] : [...classPath, binary].filter(({ entryPoints }) => entryPoints.length > 0);
  for (const jar of jars) {
    const why = whyUnfit(jar, node);
    if (why === undefined) continue;
    const { nodeId } = place.session;
    throw jarUnfit(
      { binary: jar.name, context: place.context.name },
      `${why}; node "${nodeId}" runs Spark ${node.version}${node.detail === "" ? "" : ` (${node.detail})`}: compile the jar for that, or use a node that fits`,
    );
  }
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
