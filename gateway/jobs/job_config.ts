import { type JsonObject, withFallback } from "../../lib/hocon/mod.ts";
import { UnreadableRecord } from "../../plugins/contract/mod.ts";

/** The config that a job is given (JSON, UTF-8): what was submitted, and where that says nothing what the defaults say. */
export function completeConfig(submitted: Uint8Array, defaults: JsonObject): Uint8Array {
  if (Object.keys(defaults).length === 0) return submitted;
  return Buffer.from(JSON.stringify(withFallback(JSON.parse(Buffer.from(submitted).toString()), defaults)));
}

/** The config that is stored with a job. Throws an UnreadableRecord when it is no JSON object any more. */
export function parseJobConfig(jobId: string, config: Uint8Array): JsonObject {
  const name = `Cannot read the config of job "${jobId}" from the store`;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(config).toString());
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as JsonObject;
  } catch (cause) {
    throw new UnreadableRecord(`${name}: ${cause}`, { cause });
  }
  throw new UnreadableRecord(`${name}: it is no object`);
}
