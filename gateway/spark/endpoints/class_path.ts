import type { JsonValue } from "../../../lib/hocon/mod.ts";
import { type Binary, Runtime } from "../../../proto/mod.ts";
import { findBinary, findEntryPoint } from "../../binaries/mod.ts";
import type { SparkDeps } from "../deps.ts";
import type { SparkRequest } from "../http/request.ts";
import { fetchProgram, type Place, parsePlace, type RemotePlace } from "../programs/mod.ts";
import { parseTexts } from "../settings.ts";
import { cannotParse } from "./config_body.ts";

/** Most places in one class path. Each may need a request to another server. */
const MAX_ELEMENTS = 100;

/** Parses the places of programs: a comma-separated text, or a list. Throws for a place that nothing can be loaded from. */
export function parseClassPath(name: string, value: JsonValue | undefined): readonly Place[] {
  if (value === undefined || value === null) return [];
  const elements = parseTexts(value);
  if (elements === undefined) throw cannotParse(`${name} must be a list of texts`);
  if (elements.length > MAX_ELEMENTS) throw cannotParse(`${name} has more than ${MAX_ELEMENTS} elements`);
  return elements.map(parsePlace);
}

interface Wanted {
  readonly mainClass: string;
  /** Name of the job's context. Empty for a context of its own. */
  readonly context: string;
  readonly signal: SparkRequest["signal"];
}

/** One element of a class path. */
export interface FoundProgram {
  /** Reference for a job: a name, and for a program from a URI also the digest. */
  readonly reference: string;
  readonly binary: Binary;
}

/**
 * Finds the program that has the main class: the first of the binaries, else of the programs at the URIs, which are fetched only when
 * needed. Undefined when no program has it. Rejects when a binary does not exist.
 */
export async function findProgram(
  deps: SparkDeps,
  classPath: readonly Place[],
  wanted: Wanted,
): Promise<FoundProgram | undefined> {
  const binaries = await findBinaries(deps, classPath, wanted);
  const found = binaries.find((each) => hasMainClass(each, wanted));
  // Jars count together: one may inherit the class from another.
  if (found !== undefined || binaries.some(isJar)) return found ?? binaries.find(isJar);
  for (const place of classPath) {
    if (place.type === "binary") continue;
    const program = await fetchPlace(deps, place, wanted);
    if (isJar(program) || hasMainClass(program, wanted)) return program;
  }
  return undefined;
}

/** All jars of a class path, in its order. Rejects when one does not exist. */
export async function findAll(deps: SparkDeps, classPath: readonly Place[], wanted: Wanted): Promise<FoundProgram[]> {
  const binaries = await findBinaries(deps, classPath, wanted);
  const all: FoundProgram[] = [];
  for (const place of classPath) {
    const known = place.type === "binary" ? binaries.find(({ reference }) => reference === place.name) : undefined;
    if (known !== undefined) all.push(known);
    else if (place.type !== "binary") all.push(await fetchPlace(deps, place, wanted));
  }
  const seen = new Set<string>();
  return all.filter(({ binary: { digest } }) => !seen.has(digest) && seen.add(digest));
}

export function isJar({ binary }: FoundProgram): boolean {
  return binary.runtime === Runtime.SPARK;
}

export function hasMainClass({ binary }: FoundProgram, { mainClass }: Pick<Wanted, "mainClass">): boolean {
  return findEntryPoint(binary, mainClass) !== undefined;
}

async function findBinaries(
  { core, authorization }: SparkDeps,
  classPath: readonly Place[],
  { context }: Wanted,
): Promise<FoundProgram[]> {
  const names = classPath.filter(({ type }) => type === "binary").map(({ name }) => name);
  for (const binary of names) await authorization.allow({ context, binary });
  return Promise.all(names.map(async (reference) => ({ reference, binary: await findBinary(core, reference) })));
}

async function fetchPlace(
  { core, authorization, source }: SparkDeps,
  place: RemotePlace,
  { context, signal }: Wanted,
): Promise<FoundProgram> {
  await authorization.allow({ context, binary: place.name });
  await authorization.allow({ binary: place.name }, "binaries:upload");
  const binary = await fetchProgram({ ...core, source }, place, { signal });
  return { reference: `${binary.name}@${binary.digest}`, binary };
}
