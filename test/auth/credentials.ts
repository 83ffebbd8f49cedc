import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createKey, hashKey } from "../../plugins/auth-api-key/key.ts";
import { formatKeyFile, type KeyRecord } from "../../plugins/auth-api-key/key_file.ts";
import { hashPassword } from "../../plugins/auth-basic/scrypt.ts";
import { formatUser } from "../../plugins/auth-basic/users.ts";

/** Header fields with credentials. */
export type Proof = Readonly<Record<string, string>>;

export function basicProof(name: string, password: string): Proof {
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}` };
}

export function bearerProof(token: string): Proof {
  return { authorization: `Bearer ${token}` };
}

/** Writes a users file in which each password is the reversed name; returns its path. */
export async function writeUsers(directory: string, users: Readonly<Record<string, readonly string[]>>) {
  const file = join(directory, "users");
  const lines = Object.entries(users).map(async ([name, roles]) =>
    formatUser({ name, roles, hash: await hashPassword(passwordOf(name)) }),
  );
  await writeFile(file, `${(await Promise.all(lines)).join("\n")}\n`);
  return file;
}

export function passwordOf(name: string): string {
  return [...name].reverse().join("");
}

/** Writes a file of keys; returns its path and the keys by name. */
export async function writeKeys(
  directory: string,
  wanted: Readonly<Record<string, Partial<KeyRecord>>>,
): Promise<{ file: string; keys: Readonly<Record<string, string>> }> {
  const file = join(directory, "keys.json");
  const made = Object.entries(wanted).map(([name, fields]) => ({ name, fields, ...createKey() }));
  const records = made.map(({ name, fields, id, key }) => ({
    ...{ id, sha256: hashKey(key), name, roles: [], created: new Date().toISOString(), revoked: false },
    ...fields,
  }));
  await writeFile(file, formatKeyFile({ keys: records }));
  return { file, keys: Object.fromEntries(made.map(({ name, key }) => [name, key])) };
}
