import type { ReadSecret } from "./folder.ts";
import { createRedactor, type Redactor } from "./redactor.ts";

/** Values of a rotated secret that are redacted. */
const MOST_VALUES = 16;

/**
 * The secrets that jobs of one sandbox have received. They are redacted from all reports of the sandbox from then on, because jobs of a
 * context share values and executors.
 */
export class KnownSecrets {
  /** Values by name, the newest last. */
  readonly #values = new Map<string, readonly string[]>();
  #redactor: Redactor | undefined;

  /** Undefined while there is nothing to redact. */
  get redactor(): Redactor | undefined {
    return this.#redactor;
  }

  add(secrets: ReadonlyMap<string, string>): void {
    const unknown = [...secrets].filter(([name, value]) => this.#values.get(name)?.at(-1) !== value);
    if (unknown.length === 0) return;
    for (const [name, value] of unknown) {
      const others = this.#values.get(name)?.filter((other) => other !== value) ?? [];
      this.#values.set(name, [...others, value].slice(-MOST_VALUES));
    }
    this.#redactor = createRedactor(this.#values);
  }
}

/** Reads secrets by name, and redacts them from now on. Rejects with SecretUnavailable. */
export async function readSecrets(
  read: ReadSecret,
  names: readonly string[],
  known: KnownSecrets,
): Promise<ReadonlyMap<string, string>> {
  const secrets = new Map(await Promise.all(names.map(async (name) => [name, await read(name)] as const)));
  known.add(secrets);
  return secrets;
}
