import { formatHash, type PasswordHash, parseHash } from "./scrypt.ts";

export interface User {
  readonly name: string;
  readonly hash: PasswordHash;
  readonly roles: readonly string[];
}

/** Users by name. */
export type Users = ReadonlyMap<string, User>;

const NAME = /^[^\s:#][^:\r\n]*$/;
const ROLE = /^[^\s,:]+$/;

/** Parses a users file: lines `name:hash:role,role`, blank lines, and comments after `#`. Throws at the first other line. */
export function parseUsers(text: string): Users {
  const users = new Map<string, User>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const user = parseUser(line);
    if (user === undefined) throw new Error(`line ${index + 1} is not NAME:HASH:ROLE,ROLE`);
    if (users.has(user.name)) throw new Error(`line ${index + 1} names user "${user.name}" again`);
    users.set(user.name, user);
  }
  return users;
}

function parseUser(line: string): User | undefined {
  const [name = "", encoded = "", roleList = "", ...rest] = line.split(":");
  const hash = parseHash(encoded);
  const roles = roleList === "" ? [] : roleList.split(",");
  if (!isUserName(name) || hash === undefined || rest.length > 0 || !roles.every(isRoleName)) return undefined;
  return { name, hash, roles };
}

export function isUserName(name: string): boolean {
  return NAME.test(name);
}

export function isRoleName(role: string): boolean {
  return ROLE.test(role);
}

export function formatUser({ name, hash, roles }: User): string {
  return `${name}:${formatHash(hash)}:${roles.join(",")}`;
}
