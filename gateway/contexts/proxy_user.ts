import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/** The free setting for the user in whose name a context runs. */
export const PROXY_USER = "spark.proxy.user";

/** All dotted names that settings may give it by: with and without the prefixes that are cut off settings of Spark. */
const NAMES = ["", "spark.context-settings."].flatMap((outer) =>
  ["", "launcher.", "passthrough."].map((inner) => `${outer}${inner}${PROXY_USER}`),
);

/** What stands before the names of a user's contexts, as spark-jobserver has it: `ann~`; a `~` in the user's name is doubled. */
export function proxyUserPrefix(user: string): string {
  return `${user.replaceAll("~", "~~")}~`;
}

/** The users in whose name settings ask to run, however they split the name of the setting into objects. */
export function proxyUsersOf(settings: JsonObject | undefined): string[] {
  const users = flatten(settings ?? {}).filter(([name]) => NAMES.includes(name));
  return users.map(([, user]) => String(user)).filter((user) => user !== "");
}

/** The settings without that one, however they write it. */
export function withoutProxyUser(settings: JsonObject, prefix = ""): JsonObject {
  const kept = Object.entries(settings).filter(([key]) => !NAMES.includes(prefix + key));
  return Object.fromEntries(
    kept.map(([key, value]) => [
      key,
      leadsToUser(prefix + key, value) ? withoutProxyUser(value, `${prefix + key}.`) : value,
    ]),
  );
}

/** Values by their dotted names, as a node reads them; of objects in which the user cannot be, the object. */
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
