import type { Binary } from "../../../proto/mod.ts";
import { findBinary, findEntryPoint } from "../../binaries/mod.ts";
import type { SparkDeps } from "../deps.ts";
import type { JsonValue } from "../hocon/mod.ts";
import type { SparkRequest } from "../http/request.ts";
import { fetchProgram, type Place, parsePlace } from "../programs/mod.ts";
import { parseTexts } from "../settings.ts";
import { cannotParse } from "./config_body.ts";

/** Each may be a request to somebody else. */
const MAX_ELEMENTS = 100;

/** Places of programs, named by a text with commas or a list. Throws for a place that nothing could be loaded from. */
export function parseClassPath(name: string, value: JsonValue | undefined): readonly Place[] {
  if (value === undefined || value === null) return [];
  const elements = parseTexts(value);
  if (elements === undefined) throw cannotParse(`${name} must be a list of texts`);
  if (elements.length > MAX_ELEMENTS) throw cannotParse(`${name} has more than ${MAX_ELEMENTS} elements`);
  return elements.map(parsePlace);
}

interface Wanted {
  readonly mainClass: string;
  /** Name of the job's context; empty for one of its own. */
  readonly context: string;
  readonly signal: SparkRequest["signal"];
}

/**
 * The reference of the program that has the main class: of the binaries the first, else of what the URIs lead to. So a URI is
 * followed only when it is needed. Undefined when none has it. Rejects when a binary is not there.
 */
export async function findProgram(
  deps: SparkDeps,
  classPath: readonly Place[],
  { mainClass, context, signal }: Wanted,
): Promise<string | undefined> {
  const { core, guard, source } = deps;
  const hasMainClass = (binary: Binary): boolean => findEntryPoint(binary, mainClass) !== undefined;
  const names = classPath.filter(({ type }) => type === "binary").map(({ name }) => name);
  for (const binary of names) await guard.allow({ context, binary });
  const binaries = await Promise.all(names.map((name) => findBinary(core, name)));
  const found = names[binaries.findIndex(hasMainClass)];
  if (found !== undefined) return found;
  for (const place of classPath) {
    if (place.type === "binary") continue;
    await guard.allow({ context, binary: place.name });
    await guard.allow({ binary: place.name }, "binaries:upload");
    const binary = await fetchProgram({ ...core, source }, place, { signal });
    if (hasMainClass(binary)) return `${binary.name}@${binary.digest}`;
  }
  return undefined;
}
