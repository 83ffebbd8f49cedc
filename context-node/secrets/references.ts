/** Prefix of a reference to a secret. */
const PREFIX = "secret:";

/** The name of a file, without path segments. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export function isSecretName(name: string): boolean {
  return NAME.test(name);
}

/** The name in a reference, well formed or not. Undefined for any other text. */
export function referredName(text: unknown): string | undefined {
  return typeof text === "string" && text.startsWith(PREFIX) ? text.slice(PREFIX.length) : undefined;
}

/** The distinct names that the values of a config (JSON) refer to. */
export function namesIn(json: string): string[] {
  // Most configs refer to none and are not parsed.
  if (!json.includes(`"${PREFIX}`)) return [];
  const names = new Set<string>();
  JSON.parse(json, (_key, value) => {
    const name = referredName(value);
    if (name !== undefined) names.add(name);
    return value;
  });
  return [...names];
}

/** The config with references replaced by the values of secrets. */
export function resolveReferences(json: string, secrets: ReadonlyMap<string, string>): string {
  const resolved: unknown = JSON.parse(json, (_key, value) => secrets.get(referredName(value) ?? "") ?? value);
  return JSON.stringify(resolved);
}
