import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { SPARK_SETTINGS, settingEntries } from "../../cluster/mod.ts";

/** Free setting for the user as whom a context runs. */
export const PROXY_USER = SPARK_SETTINGS.proxyUser;

/** All dotted names of this setting: with and without the prefixes that are removed from Spark's settings. */
const NAMES = ["", "spark.context-settings."].flatMap((outer) =>
  ["", "launcher.", "passthrough."].map((inner) => `${outer}${inner}${PROXY_USER}`),
);

/** Prefix of the names of a user's contexts, as in spark-jobserver: `ann~`. A `~` in the user's name is doubled. */
export function proxyUserPrefix(user: string): string {
  return `${user.replaceAll("~", "~~")}~`;
}

/** The users that settings ask to run as, in any nesting of the setting's name. */
export function proxyUsersOf(settings: JsonObject | undefined): string[] {
  const users = [...settingEntries(settings ?? {}, { isOpened: leadsToUser })].filter(([name]) => NAMES.includes(name));
  return users.map(([, user]) => String(user)).filter((user) => user !== "");
}

/** The settings without this one, in any nesting. */
export function withoutProxyUser(settings: JsonObject, prefix = ""): JsonObject {
  const kept = Object.entries(settings).filter(([key]) => !NAMES.includes(prefix + key));
  return Object.fromEntries(
    kept.map(([key, value]) => [
      key,
      isObject(value) && leadsToUser(prefix + key) ? withoutProxyUser(value, `${prefix + key}.`) : value,
    ]),
  );
}

/** Whether an object of that name may contain the user. */
function leadsToUser(name: string): boolean {
  return NAMES.some((each) => each.startsWith(`${name}.`));
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
