import { DriverMessage, Violation } from "./driver_protocol.ts";

/** Maximum length of a message, in characters: it may quote text from the driver. */
const LONGEST_FAULT = 200;

/** Parses a message of a driver. Throws a Violation. */
export function parseDriverMessage(payload: Buffer): DriverMessage {
  const parsed = DriverMessage.safeParse(parseJson(payload));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join(".") || "it";
  throw new Violation(`a malformed message: ${where}: ${issue?.message}`.slice(0, LONGEST_FAULT));
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    throw new Violation("a malformed message: it is not JSON");
  }
}
