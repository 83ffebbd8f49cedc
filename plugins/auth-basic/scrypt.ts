import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/** A password hash. */
export interface PasswordHash {
  /** Binary logarithm of the cost (N). */
  readonly logCost: number;
  readonly blockSize: number;
  readonly parallelism: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** OWASP's second choice for scrypt: 64 MiB, so that four checks at a time do not take a small machine's memory. */
const COST = { logCost: 16, blockSize: 8, parallelism: 2 };

const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Memory limit of a hash, in bytes; a users file that needs more is refused. */
const MEMORY_LIMIT_BYTES = 512 * 1024 * 1024;

const FORMAT =
  /^\$scrypt\$ln=(?<ln>\d{1,2}),r=(?<r>\d{1,2}),p=(?<p>\d{1,2})\$(?<salt>[A-Za-z0-9+/]{16,86})\$(?<hash>[A-Za-z0-9+/]{43,86})$/;

export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(SALT_BYTES);
  return { ...COST, salt, hash: await derive(password, { ...COST, salt, sizeBytes: HASH_BYTES }) };
}

export async function isPasswordOf(expected: PasswordHash, password: string): Promise<boolean> {
  const derived = await derive(password, { ...expected, sizeBytes: expected.hash.length });
  return timingSafeEqual(derived, expected.hash);
}

/** A hash that no password matches, to spend the same time on. */
export const NOBODYS_HASH: PasswordHash = { ...COST, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) };

/** `$scrypt$ln=16,r=8,p=2$salt$hash`, base64 without padding: the format of the password hashing competition. */
export function formatHash({ logCost, blockSize, parallelism, salt, hash }: PasswordHash): string {
  return `$scrypt$ln=${logCost},r=${blockSize},p=${parallelism}$${base64(salt)}$${base64(hash)}`;
}

/** Undefined for texts that `formatHash` does not write, and for excessive costs. */
export function parseHash(text: string): PasswordHash | undefined {
  const groups = FORMAT.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { ln, r, p, salt = "", hash = "" } = groups;
  const cost = { logCost: Number(ln), blockSize: Number(r), parallelism: Number(p) };
  if (cost.logCost < 1 || cost.blockSize < 1 || cost.parallelism < 1) return undefined;
  if (memoryBytes(cost) > MEMORY_LIMIT_BYTES) return undefined;
  return { ...cost, salt: Buffer.from(salt, "base64"), hash: Buffer.from(hash, "base64") };
}

type Cost = Pick<PasswordHash, "logCost" | "blockSize" | "parallelism">;

function memoryBytes({ logCost, blockSize, parallelism }: Cost): number {
  return 128 * blockSize * (2 ** logCost + parallelism + 2);
}

function derive(password: string, { salt, sizeBytes, ...cost }: Cost & { salt: Uint8Array; sizeBytes: number }) {
  const { logCost, blockSize: r, parallelism: p } = cost;
  const options: ScryptOptions = { N: 2 ** logCost, r, p, maxmem: memoryBytes(cost) };
  return new Promise<Buffer>((resolve, reject) => {
    scrypt(password.normalize("NFC"), salt, sizeBytes, options, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}
