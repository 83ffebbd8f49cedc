import type { Auth, AuthAnswer, Credentials } from "../../../plugins/contract/mod.ts";
import { type AuthCapabilities, type AuthenticateResponse, AuthService } from "../../../proto/remote_plugin.ts";
import type { Connection } from "./connection.ts";

/** A remote auth plugin. A late or incomplete response counts as a rejection. */
export function createAuth(connection: Connection, { admitsAnyone }: AuthCapabilities): Auth {
  return {
    admitsAnyone,
    async authenticate(credentials, { signal }) {
      const answer = await connection.call(AuthService.method.authenticate, toRequest(credentials), { signal });
      return fromResponse(answer);
    },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

function toRequest({ headers, peer, certificate }: Credentials) {
  return {
    headers: Array.from(headers, ([name, value]) => ({ name, value })),
    peer,
    ...(certificate && { certificate: { ...certificate, alternativeNames: [...certificate.alternativeNames] } }),
  };
}

function fromResponse({ answer }: AuthenticateResponse): AuthAnswer {
  switch (answer.case) {
    case "absent":
      return { kind: "absent", challenge: toChallenge(answer.value.challenge) };
    case "refused": {
      const { reason, challenge } = answer.value;
      return { kind: "refused", reason: reason || "the plugin gave no reason", challenge: toChallenge(challenge) };
    }
    case "principal": {
      const { id, roles, limit, claims } = answer.value;
      if (id === "") throw new Error("the auth plugin returned a principal without an id");
      return { kind: "principal", principal: { id, roles, permissions: limit?.permissions, claims } };
    }
    case undefined:
      throw new Error("the auth plugin returned an empty response");
    default:
      return answer satisfies never;
  }
}

/** Undefined for a challenge with a line break, which would begin another header. */
function toChallenge(challenge: string): string | undefined {
  if (!/^[\x20-\x7e]*$/.test(challenge))
    throw new Error("the auth plugin returned a challenge that is not a valid header value");
  return challenge || undefined;
}
