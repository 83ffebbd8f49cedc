import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nkeys } from "@nats-io/transport-node";

const { createAccount, createOperator, createUser } = nkeys;
type Key = ReturnType<typeof createUser>;

/** Unlimited, as claims of an account have it. */
const LIMITS = {
  ...{ subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 },
};
const JETSTREAM = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/**
 * An operator, an account with JetStream and a user of it, in files in a directory: the flags of a nats-server that knows them, and the
 * path of the user's credentials. Claims are of version 2, as https://github.com/nats-io/jwt has them.
 */
export async function createNatsUser(directory: string): Promise<{ flags: string[]; credentials: string }> {
  const [operator, system, account, user] = [createOperator(), createAccount(), createAccount(), createUser()];
  const operatorClaims = sign(operator, { sub: operator.getPublicKey(), nats: { type: "operator", version: 2 } });
  const accountClaims = sign(operator, {
    sub: account.getPublicKey(),
    nats: { type: "account", version: 2, limits: { ...LIMITS, ...JETSTREAM } },
  });
  // JetStream does not start without one.
  const systemClaims = sign(operator, {
    sub: system.getPublicKey(),
    nats: { type: "account", version: 2, limits: LIMITS },
  });
  const userClaims = sign(account, {
    sub: user.getPublicKey(),
    nats: { type: "user", version: 2, subs: -1, data: -1, payload: -1 },
  });
  const config = join(directory, "nats.conf");
  const accounts = `${system.getPublicKey()}: ${systemClaims}\n${account.getPublicKey()}: ${accountClaims}`;
  const lines = [`operator: ${operatorClaims}`, `system_account: ${system.getPublicKey()}`, "resolver: MEMORY"];
  await writeFile(config, [...lines, `resolver_preload: {\n${accounts}\n}`].join("\n"));
  const credentials = join(directory, "user.creds");
  const seed = new TextDecoder().decode(user.getSeed());
  await writeFile(credentials, `${section("NATS USER JWT", userClaims)}\n${section("USER NKEY SEED", seed)}`);
  return { flags: ["--config", config], credentials };
}

function section(title: string, content: string): string {
  return `-----BEGIN ${title}-----\n${content}\n------END ${title}------\n`;
}

function sign(issuer: Key, claims: { readonly sub: string; readonly nats: object }): string {
  const header = encode({ typ: "JWT", alg: "ed25519-nkey" });
  const iat = Math.floor(Date.now() / 1000);
  const signed = `${header}.${encode({ jti: crypto.randomUUID(), iat, iss: issuer.getPublicKey(), name: "test", ...claims })}`;
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString("base64url")}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
