import type { Auth, AuthAnswer, Credentials } from "../contract/mod.ts";
import { openWatchedFile } from "../files/mod.ts";
import { isKey, isSecretOf, parseKey } from "./key.ts";
import { type KeyRecord, parseKeyFile } from "./key_file.ts";

const CHALLENGE = 'Bearer realm="hearth"';

const KINDS: NonNullable<Auth["credentialKinds"]> = [
  { type: "bearer", description: "An API key, `hk_…`." },
  { type: "header", name: "X-API-Key", description: "An API key, `hk_…`." },
];

export async function startApiKeyAuth(file: string): Promise<Auth> {
  const keys = await openWatchedFile(file, (text) => new Map(parseKeyFile(text).keys.map((key) => [key.id, key])));

  return {
    admitsAnyone: false,
    credentialKinds: KINDS,
    async authenticate(credentials, { signal }): Promise<AuthAnswer> {
      signal.throwIfAborted();
      const shown = keyIn(credentials);
      if (shown === undefined) return { kind: "absent", challenge: CHALLENGE };
      const key = parseKey(shown);
      if (key === undefined) return refused("the key is not well-formed");
      const record = (await keys.read()).get(key.id);
      if (record === undefined) return refused(`there is no key "${key.id}"`);
      if (!isSecretOf(record, shown)) return refused(`the secret of key "${key.id}" is wrong`);
      if (record.revoked) return refused(`key "${key.id}" is revoked`);
      if (isExpired(record)) return refused(`key "${key.id}" has expired`);
      const { id, name, roles, permissions, expires } = record;
      const expiresAt = expires === undefined ? undefined : new Date(expires);
      return { kind: "principal", principal: { id: name, roles, permissions, expiresAt, claims: { keyId: id } } };
    },
    async [Symbol.asyncDispose]() {},
  };
}

function refused(reason: string): AuthAnswer {
  return { kind: "refused", reason, challenge: `${CHALLENGE}, error="invalid_token"` };
}

/** The key in a request. Bearer tokens of other kinds belong to other plugins. */
function keyIn({ headers }: Credentials): string | undefined {
  const token = /^bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  return token !== undefined && isKey(token) ? token : (headers.get("x-api-key") ?? undefined);
}

function isExpired({ expires }: KeyRecord): boolean {
  return expires !== undefined && Date.parse(expires) <= Date.now();
}
