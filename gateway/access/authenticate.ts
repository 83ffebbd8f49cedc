import { deadline } from "../../lib/async/mod.ts";
import type { Auth, AuthAnswer, Credentials, Principal } from "../../plugins/contract/mod.ts";
import { authUnavailable, credentialsMissing, credentialsRefused } from "../../proto/errors.ts";

/** Time limit of one plugin, in milliseconds. */
const AUTH_TIMEOUT_MS = 10_000;

/** An auth plugin and its name. */
export interface NamedAuth {
  readonly name: string;
  readonly auth: Auth;
}

/** An authenticated principal and the plugin that authenticated it. */
export interface Identity {
  readonly principal: Principal;
  readonly authenticatedBy: string;
}

/**
 * Calls the plugins in order; the first that recognizes the credentials decides. Rejects with Unauthenticated when they are refused or no
 * plugin recognizes them, and with Unavailable when a plugin fails.
 */
export async function authenticate(plugins: readonly NamedAuth[], credentials: Credentials): Promise<Identity> {
  const challenges: string[] = [];
  for (const { name, auth } of plugins) {
    const answer = await ask(auth, credentials).catch((cause) => {
      throw authUnavailable(name, cause);
    });
    if (answer.kind === "principal") return { principal: answer.principal, authenticatedBy: name };
    if (answer.challenge !== undefined) challenges.push(answer.challenge);
    if (answer.kind === "refused") throw credentialsRefused(challenges, new Error(`${name}: ${answer.reason}`));
  }
  throw credentialsMissing(challenges);
}

async function ask(auth: Auth, credentials: Credentials): Promise<AuthAnswer> {
  const controller = new AbortController();
  return deadline(auth.authenticate(credentials, { signal: controller.signal }), AUTH_TIMEOUT_MS, () => {
    const error = new Error(`no response in ${AUTH_TIMEOUT_MS} ms`);
    controller.abort(error);
    throw error;
  });
}
