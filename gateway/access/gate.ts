import { auditBehind, describeError, permissionDenied, rateLimited } from "../../proto/errors.ts";
import { AuditEntry_Outcome } from "../../proto/mod.ts";
import type { AuditLog, AuditRecord } from "../audit/mod.ts";
import type { Core } from "../core.ts";
import { authenticate, type Identity, type NamedAuth } from "./authenticate.ts";
import { credentialsOf, type HttpRequest, peerOf } from "./credentials.ts";
import { CallGuard, type Guard } from "./guard.ts";
import { type Named, touchedBy } from "./objects.ts";
import type { RateLimiter } from "./rate.ts";
import { type Access, accessOf, type Roles } from "./roles.ts";

/** Somebody who was let in, for one request. */
export interface Caller extends Identity {
  /** IP address. */
  readonly peer: string;
}

/** What a caller wants to do. */
export interface Action {
  /** As the audit log names it: `hearth.v1.JobService/SubmitJob`, `POST /jobs`. */
  readonly name: string;
  readonly permission: string;
  readonly named: Named;
}

/** Stands between every surface and the use cases of a gateway that has auth plugins. */
export interface Gate {
  /**
   * Who sends a request, by its head alone. Rejects with Unauthenticated, with Unavailable when that cannot be known now, and with
   * ResourceExhausted when the caller makes too many calls. `name` is what the audit log calls the request if it is refused.
   */
  identify(request: HttpRequest, name: string): Promise<Caller>;
  /**
   * Does an action if the caller may, and tells the audit log how it ended. Rejects with PermissionDenied when it may not, and as
   * `serve` does.
   */
  run<T>(caller: Caller, action: Action, serve: (guard: Guard) => Promise<T>): Promise<T>;
}

interface GateDeps extends Pick<Core, "jobs" | "contexts" | "log"> {
  readonly plugins: readonly NamedAuth[];
  readonly roles: Roles;
  readonly limiter: RateLimiter;
  readonly audit: AuditLog;
  /** Whether the audit log is told of what was only read, too. */
  readonly auditReads: boolean;
}

export function createGate(deps: GateDeps): Gate {
  const { plugins, roles, limiter, audit, auditReads, log } = deps;

  return {
    async identify(request, name) {
      const peer = peerOf(request);
      const identity = await authenticate(plugins, credentialsOf(request)).catch((error) =>
        refuse({ action: name, peer }, error),
      );
      const caller = { ...identity, peer };
      const waitMs = limiter.take(identity.principal);
      if (waitMs === undefined) return caller;
      return refuse({ ...describeCaller(caller), action: name }, rateLimited(identity.principal.id, waitMs));
    },
    async run(caller, action, serve) {
      const access = await allow(caller, action);
      const guard = new CallGuard(access, describe(caller, action), (named, permission = action.permission) =>
        allow(caller, { ...action, named, permission }),
      );
      if (!auditReads && action.permission.endsWith(":read")) return serve(guard);
      if (!audit.hasRoom) throw auditBehind();
      try {
        const result = await serve(guard);
        audit.add({ ...guard.record, outcome: AuditEntry_Outcome.DONE });
        return result;
      } catch (error) {
        if (!guard.isRefused)
          audit.add({ ...guard.record, ...describeError(error), outcome: AuditEntry_Outcome.FAILED });
        throw error;
      }
    },
  };

  /** What the caller may touch; it may touch what the action names. */
  async function allow(caller: Caller, action: Action): Promise<Access> {
    const { principal } = caller;
    const { permission, named } = action;
    const access = accessOf(roles, principal, permission);
    if (access?.isUnlimited) return access;
    const touched = access === undefined ? {} : await touchedBy(deps, named);
    if (access?.covers(touched)) return access;
    return refuse(describe(caller, action), permissionDenied(permission, principal.id, touched));
  }

  function refuse(record: AuditRecord, error: unknown): never {
    const told = describeError(error);
    audit.add({ ...record, ...told, outcome: AuditEntry_Outcome.REFUSED });
    log.info({ ...record, ...told }, "a call was refused");
    throw error;
  }
}

function describe(caller: Caller, { name, permission, named }: Action): AuditRecord {
  const { job = "", context = "", binary = "", file = "" } = named;
  return { ...describeCaller(caller), action: name, permission, job, context, binary, file };
}

function describeCaller({ principal, authenticatedBy, peer }: Caller): AuditRecord {
  return { principal: principal.id, authenticatedBy, peer };
}
