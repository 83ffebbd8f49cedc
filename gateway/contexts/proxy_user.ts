import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/** Free setting for the user as whom a context runs. */
export const PROXY_USER = "spark.proxy.user";

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
  const users = flatten(settings ?? {}).filter(([name]) => NAMES.includes(name));
  return users.map(([, user]) => String(user)).filter((user) => user !== "");
}

/** The settings without this one, in any nesting. */
export function withoutProxyUser(settings: JsonObject, prefix = ""): JsonObject {
  const kept = Object.entries(settings).filter(([key]) => !NAMES.includes(prefix + key));
  return Object.fromEntries(
    kept.map(([key, value]) => [
      key,
      leadsToUser(prefix + key, value) ? withoutProxyUser(value, `${prefix + key}.`) : value,
    ]),
  );
}

/** Values by their dotted names, as a node reads them. Objects that cannot contain the setting stay objects. */
function flatten(settings: JsonObject, prefix = ""): [name: string, value: JsonValue][] {
  return Object.entries(settings).flatMap(([key, value]): [string, JsonValue][] => {
    const name = prefix + key;
    return leadsToUser(name, value) ? flatten(value, `${name}.`) : [[name, value]];
  });
}

function leadsToUser(name: string, value: JsonValue): value is JsonObject {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject && NAMES.some((each) => each.startsWith(`${name}.`));
}
