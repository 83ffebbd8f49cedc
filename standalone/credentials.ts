import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

/** Users of the NATS server, as in `nats.conf`. */
export type NatsUser = "gateway" | "node" | "subscriber";

const NATS_USERS: readonly NatsUser[] = ["gateway", "node", "subscriber"];

/** Users and what each may do; docs/nats.md explains it. */
const NATS_CONFIG = resolve(import.meta.dirname, "nats.conf");

/** Shortest secret and password, in characters. An empty file would let everyone in. */
const SHORTEST = 16;

/** Size of a new secret or password, in bytes, before it is encoded as text. */
const SECRET_BYTES = 32;

/** Files in the data folder with which the parts of one system authenticate each other. Only their owner may read them. */
export interface Credentials {
  readonly folder: string;
  /** Secret with which gateways and nodes authenticate each other. */
  readonly clusterSecretFile: string;
  /** Configuration of a NATS server that knows the users. */
  readonly natsConfigFile: string;
  passwordFile(user: NatsUser): string;
  /** Writes the URL of NATS for other clients, with the name and password of a user if given. Resolves to the file's path. */
  writeUrl(natsUrl: string, user?: NatsUser): Promise<string>;
}

/** Opens the credentials in a folder, and creates missing ones. They stay the same over restarts. */
export async function openCredentials(folder: string): Promise<Credentials> {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o700);
  const passwordFile = (user: NatsUser): string => join(folder, `${user}.password`);
  const clusterSecretFile = join(folder, "cluster.secret");
  await readOrMake(clusterSecretFile);
  const passwords = new Map<NatsUser, string>();
  for (const user of NATS_USERS) passwords.set(user, await readOrMake(passwordFile(user)));

  const lines = [...passwords].map(
    ([user, password]) => `${user.toUpperCase()}_PASSWORD: ${JSON.stringify(password)}\n`,
  );
  await replacePrivateFile(join(folder, "passwords.conf"), lines.join(""));
  const natsConfigFile = join(folder, "nats.conf");
  await replacePrivateFile(natsConfigFile, await readFile(NATS_CONFIG, "utf8"));
  return {
    ...{ folder, clusterSecretFile, natsConfigFile, passwordFile },
    async writeUrl(natsUrl, user) {
      const url = new URL(natsUrl);
      url.username = user ?? "";
      url.password = user === undefined ? "" : (passwords.get(user) ?? "");
      const file = join(folder, `${user ?? "nats"}.url`);
      await replacePrivateFile(file, `${url.href}\n`);
      return file;
    },
  };
}

/** The secret in a file. Creates the file if it is absent. */
async function readOrMake(path: string): Promise<string> {
  const [found] = await Promise.allSettled([readFile(path, "utf8")]);
  if (found.status === "fulfilled") {
    await chmod(path, 0o600);
    const secret = found.value.trim();
    if (secret.length >= SHORTEST) return secret;
    throw new Error(`Cannot use "${path}": it has less than ${SHORTEST} characters. Delete it to create a new one`);
  }
  if (found.reason.code !== "ENOENT") throw found.reason;
  const secret = randomBytes(SECRET_BYTES).toString("base64url");
  await replacePrivateFile(path, `${secret}\n`);
  return secret;
}

/** Writes atomically: readers find the old or the new content. */
async function replacePrivateFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.tmp`;
  await writeFile(temporary, content, { mode: 0o600 });
  await rename(temporary, path);
}
