import { decodeJwt, type JWTPayload, jwtVerify } from "jose";
import type { Auth, AuthAnswer, PluginLog } from "../contract/mod.ts";
import { claimAt, idOf, type RoleMapping, rolesIn } from "./claims.ts";
import { faultOf } from "./fault.ts";
import { findIssuerKeys } from "./issuer_keys.ts";

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

/** Starts without the issuer too. Tokens of the issuer are then refused as during an outage until it responds. */
export async function startJwtAuth(
  config: JwtConfig,
  options: { readonly log: PluginLog; readonly signal: AbortSignal },
): Promise<Auth> {
  const { issuer, audience, algorithms, type, clockToleranceSeconds: clockTolerance, idClaim } = config;
  const keys = await findIssuerKeys(config, options);
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
    credentialKinds: [{ type: "bearer", format: "JWT", description: `A token of ${issuer}.` }],
    async authenticate({ headers }, options): Promise<AuthAnswer> {
      options.signal.throwIfAborted();
      const token = /^bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
      const claims = token === undefined ? undefined : readClaims(token);
      // A token of another issuer, or not a JWT: another plugin may recognize it.
      if (token === undefined || claims?.iss !== issuer) return { kind: "absent", challenge: CHALLENGE };
      return await verify(token);
    },
    async checkHealth() {
      keys.get();
    },
    [Symbol.asyncDispose]: () => keys[Symbol.asyncDispose](),
  };

  async function verify(token: string): Promise<AuthAnswer> {
    try {
      const { payload } = await jwtVerify(token, keys.get(), rules);
      const id = idOf(claimAt(payload, idClaim));
      if (id === undefined) return refused(`the token has no claim "${idClaim}"`);
      const expiresAt = payload.exp === undefined ? undefined : new Date((payload.exp + clockTolerance) * 1000);
      return {
        kind: "principal",
        principal: { id, roles: rolesIn(payload, config), expiresAt, claims: { iss: issuer } },
      };
    } catch (error) {
      // Any other error is no fault of the token: its validity is unknown.
      const fault = faultOf(error);
      if (fault === undefined) throw error;
      return refused(fault);
    }
  }
}

function refused(reason: string): AuthAnswer {
  return { kind: "refused", reason, challenge: `${CHALLENGE}, error="invalid_token"` };
}

/** The unverified claims of a token. Undefined when it is not a JWT. */
function readClaims(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token);
  } catch {
    // A JWTInvalid: the text is not a JWT.
    return undefined;
  }
}
