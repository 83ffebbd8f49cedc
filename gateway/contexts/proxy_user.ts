import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/** What stands before the names of a user's contexts, as spark-jobserver has it: `ann~`; a `~` in the user's name is doubled. */
export function proxyUserPrefix(user: string): string {
  return `${user.replaceAll("~", "~~")}~`;
}

/** The user in whose name a context runs: the free setting `spark.proxy.user`. */
export function proxyUserOf(settings: JsonObject | undefined): string | undefined {
  const user = member(member(member(settings, "spark"), "proxy"), "user");
  return typeof user === "string" && user !== "" ? user : undefined;
}

function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, key) ? value[key] : undefined;
}
