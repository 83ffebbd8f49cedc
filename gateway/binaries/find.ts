import type { Dao } from "../../plugins/contract/mod.ts";
import { binaryNotFound, entryPointNotFound } from "../../proto/errors.ts";
import { type Binary, Runtime } from "../../proto/mod.ts";
import { parseBinaryName } from "./name.ts";

/** The version of a binary that a reference means now. */
export async function findBinary({ dao }: { readonly dao: Dao }, reference: string): Promise<Binary> {
  const { name, selector } = parseBinaryName(reference);
  const binary = await dao.binaries.get(name, selector);
  if (binary === undefined) throw binaryNotFound(reference);
  return binary;
}

/**
 * The entry point that a caller means: by its full name; without a name the only one; else, for a module named in the
 * manner of the JVM (`com.example.WordCount`), the one called like the last part. Undefined when there is none.
 */
export function findEntryPoint(
  { entryPoints, runtime }: Pick<Binary, "entryPoints" | "runtime">,
  wanted: string,
): string | undefined {
  if (wanted === "" && entryPoints.length === 1) return entryPoints[0];
  if (entryPoints.includes(wanted)) return wanted;
  if (runtime === Runtime.SPARK) return undefined;
  const lastPart = wanted.slice(wanted.lastIndexOf(".") + 1);
  return lastPart !== "" && entryPoints.includes(lastPart) ? lastPart : undefined;
}

/**
 * As `findEntryPoint`, where there has to be one. Of a jar any class may be named: whether one is a job that inherits that from another jar
 * is seen by Spark's driver only.
 */
export function resolveEntryPoint(binary: Binary, wanted: string): string {
  if (binary.runtime === Runtime.SPARK && wanted !== "") return wanted;
  const found = findEntryPoint(binary, wanted);
  if (found === undefined) throw entryPointNotFound(wanted, binary.name, binary.entryPoints);
  return found;
}
