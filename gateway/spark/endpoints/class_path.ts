import type { JsonValue } from "../../../lib/hocon/mod.ts";
import { type Binary, Runtime } from "../../../proto/mod.ts";
import { findBinary, findEntryPoint } from "../../binaries/mod.ts";
import type { SparkDeps } from "../deps.ts";
import type { SparkRequest } from "../http/request.ts";
import { fetchProgram, type Place, parsePlace, type RemotePlace } from "../programs/mod.ts";
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

/** What a class path has at one place. */
export interface FoundProgram {
  /** By which a job names it: a name, or for what was fetched from a URI a name and the digest. */
  readonly reference: string;
  readonly binary: Binary;
}

/**
 * The program that has the main class: of the binaries the first, else of what the URIs lead to. So a URI is
 * followed only when it is needed. Undefined when none has it. Rejects when a binary is not there.
 */
export async function findProgram(
  deps: SparkDeps,
  classPath: readonly Place[],
  wanted: Wanted,
): Promise<FoundProgram | undefined> {
  const binaries = await findBinaries(deps, classPath, wanted);
  const found = binaries.find((each) => hasMainClass(each, wanted));
  // Jars are looked at together, as one may have the class by another.
  if (found !== undefined || binaries.some(isJar)) return found ?? binaries.find(isJar);
  for (const place of classPath) {
    if (place.type === "binary") continue;
    const program = await fetchPlace(deps, place, wanted);
    if (isJar(program) || hasMainClass(program, wanted)) return program;
  }
  return undefined;
}

/** All jars of a class path, in its order. Rejects when one is not there. */
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
  { core, guard }: SparkDeps,
  classPath: readonly Place[],
  { context }: Wanted,
): Promise<FoundProgram[]> {
  const names = classPath.filter(({ type }) => type === "binary").map(({ name }) => name);
  for (const binary of names) await guard.allow({ context, binary });
  return Promise.all(names.map(async (reference) => ({ reference, binary: await findBinary(core, reference) })));
}

async function fetchPlace(
  { core, guard, source }: SparkDeps,
  place: RemotePlace,
  { context, signal }: Wanted,
): Promise<FoundProgram> {
  await guard.allow({ context, binary: place.name });
  await guard.allow({ binary: place.name }, "binaries:upload");
  const binary = await fetchProgram({ ...core, source }, place, { signal });
  return { reference: `${binary.name}@${binary.digest}`, binary };
}
