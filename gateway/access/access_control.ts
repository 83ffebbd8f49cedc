import {
  auditBehind,
  describeError,
  grantDenied,
  isCredentialsRefused,
  loginsLimited,
  permissionDenied,
  proxyUserDenied,
  rateLimited,
} from "../../proto/errors.ts";
import { AuditEntry_Outcome } from "../../proto/mod.ts";
import type { AuditLog, AuditRecord } from "../audit/mod.ts";
import { PROXY_USER } from "../contexts/mod.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { authenticate, type Identity, type NamedAuth } from "./authenticate.ts";
import { type Authorization, CallAuthorization, type Granting } from "./authorization.ts";
import { createCredentialDigest } from "./credential_digest.ts";
import { credentialsOf, type HttpRequest, peerOf } from "./credentials.ts";
import type { FailedLogins } from "./failed_logins.ts";
import { networkOf } from "./network.ts";
import type { RateLimiter } from "./rate.ts";
import { type Recheck, startRecheck } from "./recheck.ts";
import type { Refusals } from "./refusals.ts";
import { type ResourceNames, resolveResources } from "./resources.ts";
import { type Access, accessOf, type Roles } from "./roles.ts";

/** The authenticated caller of one request. */
export interface Caller extends Identity {
  /** IP address. */
  readonly peer: string;
  /** Authenticates the request again. Rejects when its credentials are no longer valid, or cannot be verified now. */
  proveAgain(): Promise<Identity>;
}

/** An action that needs authorization. */
export interface Action {
  /** Name in the audit log: `hearth.v1.JobService/SubmitJob`, `POST /jobs`. */
  readonly name: string;
  readonly permission: string;
  readonly named: ResourceNames;
  /** Permissions that the request grants to jobs. */
  readonly grants?: readonly Granting[];
}

/** Authenticates and authorizes all calls of a gateway that has auth plugins. */
export interface AccessControl {
  /**
   * Authenticates a request by its head alone. Rejects with Unauthenticated, with Unavailable when a plugin does not respond, and with
   * ResourceExhausted when the caller exceeds its rate or its network has failed too many logins. `name` is the action in the audit log.
   */
  identify(request: HttpRequest, name: string): Promise<Caller>;
  /**
   * Performs an action if the caller is authorized, and records its outcome in the audit log. Rejects with PermissionDenied, and as `serve`
   * does.
   */
  run<T>(caller: Caller, action: Action, serve: (authorization: Authorization) => Promise<T>): Promise<T>;
  /** Re-authorizes a long call periodically. `signal` is the call's own. */
  recheck(caller: Caller, action: Action, signal: AbortSignal): Recheck;
}

interface AccessControlDeps {
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  readonly plugins: readonly NamedAuth[];
  readonly roles: Roles;
  readonly limiter: RateLimiter;
  readonly failedLogins: FailedLogins;
  /** Interval between checks of a long call, in milliseconds. */
  readonly recheckMs: number;
  readonly audit: AuditLog;
  readonly refusals: Refusals;
  /** Whether the audit log records reads too. */
  readonly auditReads: boolean;
  /** Whether callers run contexts as themselves. That needs no permission, and no other user can be granted. */
  readonly useAsProxyUser: boolean;
}

export function createAccessControl(deps: AccessControlDeps): AccessControl {
  const { plugins, roles, limiter, failedLogins, recheckMs, audit, auditReads, refusals } = deps;
  const digestOf = createCredentialDigest();

  return {
    async identify(request, name) {
      const peer = peerOf(request);
      const credentials = credentialsOf(request);
      const attempt = { peer, digest: digestOf(credentials) };
      const lockedMs = failedLogins.waitMs(attempt);
      if (lockedMs !== undefined) return refuse({ action: name, peer }, loginsLimited(networkOf(peer), lockedMs));
      const identity = await authenticate(plugins, credentials).catch((error) => {
        if (isCredentialsRefused(error)) failedLogins.failed(attempt);
        return refuse({ action: name, peer }, error);
      });
      failedLogins.succeeded(attempt);
      // A certificate may have expired meanwhile.
      const proveAgain = () => authenticate(plugins, credentialsOf(request));
      const caller = { ...identity, peer, proveAgain };
      const waitMs = limiter.take(identity.principal);
      if (waitMs === undefined) return caller;
      return refuse({ ...describeCaller(caller), action: name }, rateLimited(identity.principal.id, waitMs));
    },
    async run(caller, action, serve) {
      const access = await allow(caller, action);
      const authorization = new CallAuthorization(access, describe(caller, action), {
        unlessAllowed: (named, permission = action.permission) =>
          allow(caller, { name: action.name, named, permission }),
        unlessGrantable: (named, grants) => allowGrants(caller, { ...action, named, grants }),
      });
      if (isRead(action)) return auditReads ? runRead(authorization, serve) : serve(authorization);
      if (!audit.hasRoom) throw auditBehind();
      const beginning = audit.begin(authorization.record);
      const result = await serve(authorization).catch(async (error) => {
        if (!authorization.isRefused) await beginning.end(failed(authorization, error));
        throw error;
      });
      await beginning.end({ ...authorization.record, outcome: AuditEntry_Outcome.DONE });
      return result;
    },
    recheck: (caller, action, signal) =>
      startRecheck({
        ...{ signal, everyMs: recheckMs, endsAt: caller.principal.expiresAt },
        async check() {
          const identity = await caller.proveAgain().catch((error) => {
            if (describeError(error).code === "unauthenticated") return refuse(describe(caller, action), error);
            throw error;
          });
          await allow({ ...caller, ...identity }, action);
          return identity.principal.expiresAt;
        },
      }),
  };

  /** The entry of a read may be lost. */
  async function runRead<T>(
    authorization: CallAuthorization,
    serve: (authorization: Authorization) => Promise<T>,
  ): Promise<T> {
    if (!audit.hasRoom) throw auditBehind();
    const result = await serve(authorization).catch((error) => {
      if (!authorization.isRefused) audit.add(failed(authorization, error));
      throw error;
    });
    audit.add({ ...authorization.record, outcome: AuditEntry_Outcome.DONE });
    return result;
  }

  /** Resolves to what the caller may access, once the resources and the grants of the action are authorized. */
  async function allow(caller: Caller, action: Action): Promise<Access> {
    const access = await allowTouch(caller, action);
    await allowGrants(caller, action);
    return access;
  }

  async function allowGrants(caller: Caller, { grants: asked = [], ...action }: Action): Promise<void> {
    const grants = deps.useAsProxyUser ? asked.filter((grant) => !isOwnName(caller, action, grant)) : asked;
    for (const permission of new Set(grants.map((grant) => grant.permission))) {
      const granted = grants.filter((grant) => grant.permission === permission);
      const { context } = action.named;
      await allowTouch(caller, { ...action, permission }, () =>
        grantDenied(permission, caller.principal.id, { context, granted }),
      );
    }
  }

  /** Refuses other users. */
  function isOwnName(caller: Caller, action: Action, { kind, values }: Granting): boolean {
    if (kind !== PROXY_USER) return false;
    const { id } = caller.principal;
    const other = values.find((user) => user !== id);
    return other === undefined || refuse(describe(caller, action), proxyUserDenied(id, other));
  }

  async function allowTouch(
    caller: Caller,
    action: Action,
    denied = (limit: { isLimited: boolean }) => permissionDenied(action.permission, caller.principal.id, limit),
  ): Promise<Access> {
    const { principal } = caller;
    const { permission, named } = action;
    const access = accessOf(roles, principal, permission);
    if (access?.isUnlimited) return access;
    if (access?.covers(await resolveResources(deps, named))) return access;
    return refuse(describe(caller, action), denied({ isLimited: access !== undefined }));
  }

  function refuse(record: AuditRecord, error: unknown): never {
    refusals.add({ ...record, ...describeError(error) });
    throw error;
  }
}

/** Whether an action changes nothing. */
export function isRead({ permission }: Pick<Action, "permission">): boolean {
  return permission.endsWith(":read");
}

function failed({ record }: CallAuthorization, error: unknown): AuditRecord {
  return { ...record, ...describeError(error), outcome: AuditEntry_Outcome.FAILED };
}

function describe(caller: Caller, { name, permission, named }: Action): AuditRecord {
  const { job = "", context = "", binary = "", classPath = [], file = "" } = named;
  return { ...describeCaller(caller), action: name, permission, job, context, binary, classPath: [...classPath], file };
}

function describeCaller({
  principal,
  authenticatedBy,
  peer,
}: Pick<Caller, "principal" | "authenticatedBy" | "peer">): AuditRecord {
  return { principal: principal.id, authenticatedBy, peer };
}
