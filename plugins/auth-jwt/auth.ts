import { createRemoteJWKSet, decodeJwt, type JWTPayload, jwtVerify } from "jose";
import type { Auth, AuthAnswer } from "../contract/mod.ts";
import { claimAt, idOf, type RoleMapping, rolesIn } from "./claims.ts";
import { discoverKeys } from "./discovery.ts";
import { faultOf } from "./fault.ts";

interface JwtConfig extends RoleMapping {
  readonly issuer: string;
  readonly audience: string | string[];
  readonly jwksUri?: string | undefined;
  readonly algorithms: string[];
  readonly clockToleranceSeconds: number;
  readonly type?: string | undefined;
  readonly idClaim: string;
  readonly keysCooldownMs: number;
}

const CHALLENGE = 'Bearer realm="hearth"';

/** Rejects when the issuer does not tell where its keys are. */
export async function startJwtAuth(config: JwtConfig, { signal }: { readonly signal: AbortSignal }): Promise<Auth> {
  const { issuer, audience, algorithms, type, clockToleranceSeconds: clockTolerance, idClaim } = config;
  const uri = config.jwksUri ?? (await discoverKeys(issuer, { signal }));
  const keys = createRemoteJWKSet(new URL(uri), { cooldownDuration: config.keysCooldownMs });
  const requiredClaims = ["exp"];
  const rules = {
    issuer,
    audience,
    algorithms,
    clockTolerance,
    requiredClaims,
    ...(type === undefined ? {} : { typ: type }),
  };

  return {
    admitsAnyone: false,
    async authenticate({ headers }, options): Promise<AuthAnswer> {
      options.signal.throwIfAborted();
      const token = /^bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
      const claims = token === undefined ? undefined : readClaims(token);
      // Of another issuer, or no JWT at all: another plugin may know it.
      if (token === undefined || claims?.iss !== issuer) return { kind: "absent", challenge: CHALLENGE };
      return await verify(token);
    },
    async [Symbol.asyncDispose]() {},
  };

  async function verify(token: string): Promise<AuthAnswer> {
    try {
      const { payload } = await jwtVerify(token, keys, rules);
      const id = idOf(claimAt(payload, idClaim));
      if (id === undefined) return refused(`the token has no claim "${idClaim}"`);
      return { kind: "principal", principal: { id, roles: rolesIn(payload, config), claims: { iss: issuer } } };
    } catch (error) {
      // Whatever else went wrong is no fault of the token: nobody knows then whether it is good.
      const fault = faultOf(error);
      if (fault === undefined) throw error;
      return refused(fault);
    }
  }
}

function refused(reason: string): AuthAnswer {
  return { kind: "refused", reason, challenge: `${CHALLENGE}, error="invalid_token"` };
}

/** What a token says of itself, unchecked; undefined when it is no JWT. */
function readClaims(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token);
  } catch {
    // A JWTInvalid: the text is no JWT.
    return undefined;
  }
}
