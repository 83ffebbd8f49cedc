import { type JsonObject, parseHocon } from "../../../lib/hocon/mod.ts";
import { failure, Rejection } from "../http/answer.ts";
import { bodyText, type SparkRequest } from "../http/request.ts";

/** Parses the body as a config. Substitutions may refer to `fallback`. Throws HoconError. */
export function parseBody(request: Pick<SparkRequest, "body">, fallback: JsonObject = {}): JsonObject {
  return parseHocon(bodyText(request), { fallback });
}

/** Response to a job whose body cannot be parsed. */
export function cannotParse(reason: string): Rejection {
  return new Rejection(failure(400, `Cannot parse config: ${reason}`));
}
