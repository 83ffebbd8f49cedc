/** The thread in which source maps are read: a large one takes seconds, and its memory. */
import { parentPort } from "node:worker_threads";
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import type { LocateRequest, LocateResponse, Place } from "./source_maps.ts";

/** Maps that are kept: those that were used last. */
const MAX_KEPT = 4;

const kept = new Map<string, TraceMap>();

parentPort?.on("message", (request: LocateRequest) => parentPort?.postMessage(respond(request)));

function respond({ id, digest, json, places }: LocateRequest): LocateResponse {
  const map = kept.get(digest) ?? (json === undefined ? undefined : readMap(json));
  if (map === undefined) return { id, isMissing: json === undefined, origins: undefined };
  kept.delete(digest);
  kept.set(digest, map);
  for (const oldest of kept.keys()) if (kept.size > MAX_KEPT) kept.delete(oldest);
  return { id, isMissing: false, origins: places.map((place) => originOf(map, place)) };
}

/** Undefined for a text that is no source map. */
function readMap(json: string): TraceMap | undefined {
  try {
    return new TraceMap(json);
  } catch {
    return undefined;
  }
}

function originOf(map: TraceMap, { line, column }: Place): string | undefined {
  const origin = originalPositionFor(map, { line, column: column - 1 });
  return origin.source === null ? undefined : `${origin.source}:${origin.line}:${origin.column + 1}`;
}
