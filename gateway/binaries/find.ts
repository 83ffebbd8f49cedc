import type { Dao } from "../../plugins/contract/mod.ts";
import { binaryNotFound, entryPointNotFound } from "../../proto/errors.ts";
import { type Binary, Runtime } from "../../proto/mod.ts";
import { parseBinaryName } from "./name.ts";

/** Resolves a reference to the present version of a binary. */
export async function findBinary({ dao }: { readonly dao: Dao }, reference: string): Promise<Binary> {
  const { name, selector } = parseBinaryName(reference);
  const binary = await dao.binaries.get(name, selector);
  if (binary === undefined) throw binaryNotFound(reference);
  return binary;
}

/**
 * Finds an entry point by its full name. Without a name, the only one; for a module named in the JVM's manner (`com.example.WordCount`),
 * the one with the last part as its name. Undefined if there is none.
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
 * As `findEntryPoint`, but throws if there is none. For a jar any class may be named: only Spark's driver sees whether it inherits from a
 * job in another jar.
 */
export function resolveEntryPoint(binary: Binary, wanted: string): string {
  if (binary.runtime === Runtime.SPARK && wanted !== "") return wanted;
  const found = findEntryPoint(binary, wanted);
  if (found === undefined) throw entryPointNotFound(wanted, binary.name, binary.entryPoints);
  return found;
}
