import { createHash } from "node:crypto";
import type { IsAllowed } from "../../../cluster/mod.ts";
import { programNotLoaded } from "../../../proto/errors.ts";
import type { Binary } from "../../../proto/mod.ts";
import { inSlices, uploadBinary } from "../../binaries/mod.ts";
import type { Core } from "../../core.ts";
import { download } from "../../outgoing/mod.ts";
import { readFileBelow } from "./file.ts";
import { isProgram } from "./format.ts";
import type { RemotePlace } from "./place.ts";

/** Time limit for fetching a program, in milliseconds. */
const TIMEOUT_MS = 30_000;

/** Sources of programs. */
export interface ProgramSource {
  /** Absolute paths of the folders whose files may be read. */
  readonly folders: readonly string[];
  readonly isAllowed: IsAllowed;
  readonly limitBytes: number;
}

type FetchDeps = Pick<Core, "dao" | "blobs" | "bundler" | "jars"> & { readonly source: ProgramSource };

/**
 * Fetches the program at a URI and stores it as a binary under the URI's name, unless the same bytes are stored. Throws the API error
 * when the program cannot be fetched or bundled.
 */
export async function fetchProgram(
  deps: FetchDeps,
  place: RemotePlace,
  { signal }: { readonly signal: AbortSignal },
): Promise<Binary> {
  const { name } = place;
  const content = await read(deps.source, place, signal);
  if (content.length === 0 || !isProgram(content)) {
    throw programNotLoaded(
      place.uri,
      "it is neither a source file nor a gzip tarball or zip archive of a folder, nor a jar",
    );
  }
  const digest = await digestOf(content);
  const known = await deps.dao.binaries.get(name, { digest });
  return known ?? uploadBinary(deps, { name, content, signal });
}

async function digestOf(content: Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  for await (const slice of inSlices(content)) hash.update(slice);
  return `sha256:${hash.digest("hex")}`;
}

async function read(source: ProgramSource, place: RemotePlace, signal: AbortSignal): Promise<Uint8Array> {
  const limits = { allowKey: "gateway.spark.programs.allow", timeoutMs: TIMEOUT_MS, signal };
  try {
    switch (place.type) {
      case "file":
        return await readFileBelow(place.path, source);
      case "web":
        return await download(place.url, { ...source, ...limits });
      case "ftp":
        throw new Error("FTP is not spoken here; name it by https, or upload it to /binaries/<name>");
      default:
        return place satisfies never;
    }
  } catch (error) {
    throw programNotLoaded(place.uri, error instanceof Error ? error.message : String(error), error);
  }
}
