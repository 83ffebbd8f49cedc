import { type JsonObject, parseHocon } from "../../../lib/hocon/mod.ts";
import { failure, Rejection } from "../http/answer.ts";
import { bodyText, type SparkRequest } from "../http/request.ts";

/** The body as a config. Throws HoconError. `fallback` is where substitutions look as well. */
export function parseBody(request: Pick<SparkRequest, "body">, fallback: JsonObject = {}): JsonObject {
  return parseHocon(bodyText(request), { fallback });
}

/** The answer to a job that cannot be understood. */
export function cannotParse(reason: string): Rejection {
  return new Rejection(failure(400, `Cannot parse config: ${reason}`));
}
