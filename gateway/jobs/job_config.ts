import { type JsonObject, withFallback } from "../../lib/hocon/mod.ts";
import { UnreadableRecord } from "../../plugins/contract/mod.ts";

/** The config of a job (JSON, UTF-8): the submitted one merged over the defaults. */
export function completeConfig(submitted: Uint8Array, defaults: JsonObject): Uint8Array {
  if (Object.keys(defaults).length === 0) return submitted;
  return Buffer.from(JSON.stringify(withFallback(JSON.parse(Buffer.from(submitted).toString()), defaults)));
}

/** Parses the stored config of a job. Throws an UnreadableRecord when it is not a JSON object. */
export function parseJobConfig(jobId: string, config: Uint8Array): JsonObject {
  const name = `Cannot read the config of job "${jobId}" from the store`;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(config).toString());
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as JsonObject;
  } catch (cause) {
    throw new UnreadableRecord(`${name}: ${cause}`, { cause });
  }
  throw new UnreadableRecord(`${name}: it is not an object`);
}
