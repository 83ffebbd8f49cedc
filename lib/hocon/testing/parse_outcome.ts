import { HoconError, type JsonObject, parseHocon } from "../mod.ts";

/** Why a text is refused; of one that is not, what it says. Throws what is no HoconError. */
export function refusal(text: string, fallback?: JsonObject): string {
  try {
    return `parsed: ${JSON.stringify(parseHocon(text, { fallback }))}`;
  } catch (error) {
    if (error instanceof HoconError) return error.message;
    throw error;
  }
}
