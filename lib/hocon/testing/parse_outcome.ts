import { HoconError, type JsonObject, parseHocon } from "../mod.ts";

/** The error message for a text, or the parsed JSON if it is valid. Rethrows any other error. */
export function refusal(text: string, fallback?: JsonObject): string {
  try {
    return `parsed: ${JSON.stringify(parseHocon(text, { fallback }))}`;
  } catch (error) {
    if (error instanceof HoconError) return error.message;
    throw error;
  }
}
