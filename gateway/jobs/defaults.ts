import { type JsonObject, withFallback } from "../spark/hocon/mod.ts";

/** The config that a job is given (JSON, UTF-8): what was submitted, and where that says nothing what the defaults say. */
export function completeConfig(submitted: Uint8Array, defaults: JsonObject): Uint8Array {
  if (Object.keys(defaults).length === 0) return submitted;
  return Buffer.from(JSON.stringify(withFallback(JSON.parse(Buffer.from(submitted).toString()), defaults)));
}
