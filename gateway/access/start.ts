import type { Logger } from "pino";
import { type Waiting, whenJetStreamAvailable } from "../../cluster/mod.ts";
import type { CredentialKind, Dao } from "../../plugins/contract/mod.ts";
import { startAuditLog } from "../audit/mod.ts";
import { type EventStream, keepAuditStream } from "../events/mod.ts";
import type { Limits } from "../limits.ts";
import { type PluginReference, type StartOptions, startPluginWhenAvailable } from "../plugins/mod.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { type AccessControl, createAccessControl } from "./access_control.ts";
import type { NamedAuth } from "./authenticate.ts";
import { createFailedLogins } from "./failed_logins.ts";
import { createRateLimiter } from "./rate.ts";
import { startRefusals } from "./refusals.ts";
import type { Roles } from "./roles.ts";

/** The configuration of access control. */
export interface AccessConfig {
  /** Auth plugins in order, each with its name for the log. */
  readonly auth: readonly (PluginReference & { readonly name: string })[];
  readonly roles: Roles;
  /** Rate of principals whose roles have none. */
  readonly requestsPerSecond: number | undefined;
  readonly audit: { readonly reads: boolean; readonly keepDays: number };
}

interface StartDeps {
  readonly dao: Dao;
  readonly events: EventStream;
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  readonly gatewayId: string;
  readonly log: Logger;
}

interface AccessControlOptions extends Omit<StartOptions, "log">, Pick<Waiting, "onWait"> {
  /** Whether other machines can reach the gateway, so that anonymous callers must not be admitted. */
  readonly isExposed: boolean;
  readonly limits: Pick<Limits, "failedLoginsPerMinute" | "recheckMs">;
  /** Whether contexts always run as their caller. */
  readonly useAsProxyUser: boolean;
}

/** Access control with its plugins. Disposal stops them. */
interface RunningAccessControl extends AccessControl, AsyncDisposable {
  /** Whether a plugin admits anonymous callers. */
  readonly admitsAnyone: boolean;
  /** Kinds of credentials that the plugins accept. */
  readonly credentialKinds: readonly CredentialKind[];
  /** Rejects, with a reason for the log, while a plugin is unavailable. */
  checkHealth(): Promise<void>;
}

/** Starts the auth plugins and the audit log. */
export async function startAccessControl(
  deps: StartDeps,
  { auth, roles, requestsPerSecond, audit }: AccessConfig,
  { isExposed, limits, useAsProxyUser, ...options }: AccessControlOptions,
): Promise<RunningAccessControl> {
  const { log, gatewayId } = deps;
  await using starting = new AsyncDisposableStack();
  const plugins: NamedAuth[] = [];
  for (const { name, ...reference } of auth) {
    plugins.push({ name, auth: starting.use(await startPluginWhenAvailable("auth", reference, { ...options, log })) });
  }
  const open = plugins.find((plugin) => plugin.auth.admitsAnyone);
  if (isExposed && open !== undefined) {
    throw new Error(
      `Cannot listen on other addresses than loopback: auth plugin "${open.name}" admits anyone. Listen on 127.0.0.1, or say --insecure`,
    );
  }
  const { signal, onWait } = options;
  await whenJetStreamAvailable(() => keepAuditStream(deps.events), { log, signal, onWait });
  const auditLog = starting.use(startAuditLog(deps, { log, gatewayId, keepDays: audit.keepDays }));
  const refusals = starting.use(startRefusals({ audit: auditLog, log }));
  const limiter = createRateLimiter(roles, { requestsPerSecond });
  const failedLogins = createFailedLogins(limits);
  const accessControl = createAccessControl({
    ...{ ...deps, plugins, roles, limiter, failedLogins, recheckMs: limits.recheckMs },
    ...{ audit: auditLog, auditReads: audit.reads, refusals, useAsProxyUser },
  });
  const running = starting.move();
  return {
    ...accessControl,
    admitsAnyone: open !== undefined,
    credentialKinds: plugins.flatMap(
      ({ auth }) => auth.credentialKinds ?? (auth.admitsAnyone ? [] : [{ type: "bearer" }]),
    ),
    async checkHealth() {
      await Promise.all(plugins.map(({ auth }) => auth.checkHealth?.()));
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
