import { toBinary } from "@bufbuild/protobuf";
import type { Dao } from "../../plugins/contract/mod.ts";
import { classPathNotTaken, libraryNotJar } from "../../proto/errors.ts";
import { type Binary, type Job, type JobSpec, Runtime, type SqlQuery, SqlQuerySchema } from "../../proto/mod.ts";
import { SqlQuery as NodeSqlQuery, type RunJob } from "../../proto/node.ts";
import { findBinary, resolveEntryPoint } from "../binaries/mod.ts";
import { unlessUnreadable } from "../state/mod.ts";
import { checkQuery } from "./query.ts";

/** The program of a job: a binary with the jars that it needs, or a query. */
export interface Program {
  readonly runtime: Runtime;
  /** Undefined for a query. */
  readonly binary: Binary | undefined;
  /** Further jars, in the order of the class path, before the binary's own. */
  readonly classPath: readonly Binary[];
  /** Undefined for a binary. */
  readonly sql: SqlQuery | undefined;
}

/** Finds the program of a submission. Rejects when a binary does not exist. */
export async function findProgram(deps: { readonly dao: Dao }, spec: JobSpec): Promise<Program> {
  if (spec.sql !== undefined) {
    checkQuery(spec.sql);
    return query(spec.sql);
  }
  const binary = await findBinary(deps, spec.binary);
  const runtime = runtimeOf(binary);
  if (runtime === Runtime.DENO && spec.classPath.length > 0) throw classPathNotTaken(spec.binary);
  const classPath = await Promise.all(spec.classPath.map((reference) => findLibrary(deps, reference)));
  return { runtime, binary, classPath, sql: undefined };
}

/** The program of a stored job. Undefined when a binary is gone or cannot be read. */
export async function programOf({ dao }: { readonly dao: Dao }, job: Job): Promise<Program | undefined> {
  if (job.sql !== undefined) return query(job.sql);
  const find = (name: string, digest: string) => dao.binaries.get(name, { digest }).catch(unlessUnreadable);
  const binary = await find(job.binary, job.binaryDigest);
  const found = await Promise.all(job.classPath.map((reference) => find(...splitReference(reference))));
  const classPath = found.filter((each) => each !== undefined);
  if (binary === undefined || classPath.length < found.length) return undefined;
  return { runtime: runtimeOf(binary), binary, classPath, sql: undefined };
}

/** The class path as jobs store it, with digests. */
export function pinnedClassPath({ classPath }: Program): string[] {
  return classPath.map(({ name, digest }) => `${name}@${digest}`);
}

/** The fields of RunJob that name a program. */
export function programForNode(
  { runtime, binary, classPath, sql }: Program,
  { entryPoint }: Pick<Job, "entryPoint">,
): Pick<
  RunJob,
  "runtime" | "binary" | "artifactDigest" | "sourceMapDigest" | "entryPoint" | "binaryDigest" | "classPath" | "sql"
> {
  return {
    runtime,
    binary: binary?.name ?? "",
    binaryDigest: binary?.digest ?? "",
    artifactDigest: binary?.bundleDigest ?? "",
    sourceMapDigest: binary?.sourceMapDigest ?? "",
    entryPoint: binary === undefined ? "" : resolveEntryPoint(binary, entryPoint),
    classPath: classPath.map(({ name, bundleDigest: digest }) => ({ name, digest })),
    sql: sql && NodeSqlQuery.decode(toBinary(SqlQuerySchema, sql)),
  };
}

/** The entry point of a job, resolved if the submission names none. */
export function entryPointAsked({ binary }: Program, { entryPoint }: Pick<JobSpec, "entryPoint">): string {
  if (binary === undefined) return "";
  const resolved = resolveEntryPoint(binary, entryPoint);
  return entryPoint || resolved;
}

async function findLibrary(deps: { readonly dao: Dao }, reference: string): Promise<Binary> {
  const library = await findBinary(deps, reference);
  if (runtimeOf(library) === Runtime.DENO) throw libraryNotJar(reference);
  return library;
}

function query(sql: SqlQuery): Program {
  return { runtime: Runtime.SPARK, binary: undefined, classPath: [], sql };
}

/** Binaries from before runtimes existed are programs of Deno. */
function runtimeOf({ runtime }: Binary): Runtime {
  return runtime || Runtime.DENO;
}

/** `name@sha256:<hex>` as name and digest. */
function splitReference(reference: string): [string, string] {
  const at = reference.indexOf("@");
  return [reference.slice(0, at), reference.slice(at + 1)];
}
