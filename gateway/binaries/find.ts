import { binaryNotFound, entryPointNotFound } from "../../proto/errors.ts";
import type { Binary } from "../../proto/mod.ts";
import type { Core } from "../core.ts";
import { parseBinaryName } from "./name.ts";

/** The version of a binary that a reference means now. */
export async function findBinary({ dao }: Pick<Core, "dao">, reference: string): Promise<Binary> {
  const { name, selector } = parseBinaryName(reference);
  const binary = await dao.binaries.get(name, selector);
  if (binary === undefined) throw binaryNotFound(reference);
  return binary;
}

/**
 * The entry point that a caller means: by its full name; without a name the only one; else, for names in the manner of the
 * JVM (`com.example.WordCount`), the one called like the last part. Undefined when there is none.
 */
export function findEntryPoint({ entryPoints }: Pick<Binary, "entryPoints">, wanted: string): string | undefined {
  if (wanted === "" && entryPoints.length === 1) return entryPoints[0];
  if (entryPoints.includes(wanted)) return wanted;
  const lastPart = wanted.slice(wanted.lastIndexOf(".") + 1);
  return lastPart !== "" && entryPoints.includes(lastPart) ? lastPart : undefined;
}

/** As `findEntryPoint`, where there has to be one. */
export function resolveEntryPoint(binary: Binary, wanted: string): string {
  const found = findEntryPoint(binary, wanted);
  if (found === undefined) throw entryPointNotFound(wanted, binary.name, binary.entryPoints);
  return found;
}
