import type { Auth, AuthAnswer } from "../contract/mod.ts";
import { openWatchedFile } from "../files/mod.ts";
import { parseBasic } from "./header.ts";
import { createPasswordChecks } from "./password_checks.ts";
import { parseUsers } from "./users.ts";

interface BasicConfig {
  readonly file: string;
  readonly realm: string;
  readonly cacheMs: number;
}

export async function startBasicAuth({ file, realm, cacheMs }: BasicConfig): Promise<Auth> {
  const users = await openWatchedFile(file, parseUsers);
  const checks = createPasswordChecks({ cacheMs });
  const challenge = `Basic realm="${realm}", charset="UTF-8"`;

  return {
    admitsAnyone: false,
    credentialKinds: [{ type: "basic", description: "Name and password of a user." }],
    async authenticate({ headers }, { signal }): Promise<AuthAnswer> {
      signal.throwIfAborted();
      const header = headers.get("authorization");
      if (header === null || !/^basic( |$)/i.test(header)) return { kind: "absent", challenge };
      const credentials = parseBasic(header);
      if (credentials === undefined) return { kind: "refused", reason: "the header is not well-formed", challenge };
      const user = (await users.read()).get(credentials.name);
      // An unknown user costs as much time as a known one.
      const isRight = await checks.check(user?.hash, credentials);
      if (user === undefined) return { kind: "refused", reason: "there is no such user", challenge };
      if (!isRight) return { kind: "refused", reason: `the password of "${user.name}" is wrong`, challenge };
      return { kind: "principal", principal: { id: user.name, roles: user.roles } };
    },
    async [Symbol.asyncDispose]() {},
  };
}
