import type { Logger } from "pino";
import { deadline } from "../lib/async/mod.ts";
import type { BlobStore, Dao } from "../plugins/contract/mod.ts";
import type { EventStream } from "./events/mod.ts";
import type { NodeDirectory } from "./nodes/mod.ts";
import type { Problem, Readiness } from "./rpc/mod.ts";

/** Time that the outcome of a check is reused, in milliseconds: anybody may ask, at any rate. */
const CHECK_AGE_MS = 250;

/** Timeout of the health check of a part, in milliseconds. */
const CHECK_TIMEOUT_MS = 2000;

/** Intervals between the gateway's own checks, in milliseconds: while it is not ready, and while it is. */
const WAITING_INTERVAL_MS = 250;
const READY_INTERVAL_MS = 5000;

/**
 * Resolves to the reason why a part is not ready, in words that anybody may see; undefined if it is ready. A rejection appears in the log
 * only.
 */
type Check = (options: { readonly signal: AbortSignal }) => Promise<string | undefined>;

/** The parts that a gateway needs to place a context. Disposing it ends the gateway's own checks. */
export interface Requirements extends Disposable {
  readonly readiness: Readiness;
  /** Adds a part that must be healthy. */
  require(part: string, check: Check): void;
  /** Returns, for one part of the start, the function that reports what that part waits for; undefined: nothing. */
  createWait(): (what: string | undefined) => void;
  /** Ends the start: from now on the required parts decide. */
  started(): void;
  /** Triggers a check of a gateway that is not ready: something that was missing may be available now. */
  changed(): void;
}

/** Requires the parts that place contexts and authorize callers. */
export function requireCore(
  { require }: Pick<Requirements, "require">,
  {
    dao,
    blobs,
    events,
    nodes,
  }: { readonly dao: Dao; readonly blobs: BlobStore; readonly events: EventStream; readonly nodes: NodeDirectory },
  accessControl: { checkHealth(): Promise<void> } | undefined,
): void {
  require("record store", (options) => dao.checkHealth(options).then(() => undefined));
  require("blob store", (options) => blobs.checkHealth(options).then(() => undefined));
  if (accessControl !== undefined) require("auth plugins", () => accessControl.checkHealth().then(() => undefined));
  require("NATS", async () => {
    if (!events.isConnected()) return "not connected";
    const missing = events.keeper.missing();
    return missing.length === 0 ? undefined : `not available: ${missing.join(", ")}`;
  });
  require("context nodes", async () => (nodes.sessions().length > 0 ? undefined : "none is connected"));
}

interface RequirementDeps extends Pick<Readiness, "draining" | "closing"> {
  readonly log: Pick<Logger, "info" | "warn">;
}

/** A gateway is not ready until it has started. */
export function createRequirements({ log, draining, closing }: RequirementDeps): Requirements {
  const checks = new Map<string, Check>();
  let isStarted = false;
  const waits: (string | undefined)[] = [];
  let shared: { readonly outcome: Promise<readonly Problem[]>; endedAt: number } | undefined;
  let logged: string | undefined;
  let timer: NodeJS.Timeout | undefined;

  const checkAll = async (): Promise<readonly Problem[]> => {
    if (!isStarted) return [{ part: "gateway", reason: describeStart(waits) }];
    const outcomes = await Promise.all([...checks].map(([part, check]) => checkPart({ log }, part, check)));
    const problems = outcomes.filter((problem) => problem !== undefined);
    report(problems);
    return problems;
  };

  /** Logs changes only. */
  const report = (problems: readonly Problem[]): void => {
    const summary = problems.map(({ part, reason }) => `${part}: ${reason}`).join("; ");
    if (summary === logged) return;
    logged = summary;
    if (problems.length === 0) log.info("ready");
    else log.warn({ missing: summary }, "not ready");
  };

  const problems = (): Promise<readonly Problem[]> => {
    if (draining.aborted) return Promise.resolve([{ part: "gateway", reason: "draining" }]);
    if (shared !== undefined && performance.now() - shared.endedAt < CHECK_AGE_MS) return shared.outcome;
    const started = { outcome: checkAll(), endedAt: Number.POSITIVE_INFINITY };
    const end = (): void => {
      started.endedAt = performance.now();
    };
    started.outcome.then(end, end);
    shared = started;
    return started.outcome;
  };

  const watch = async (): Promise<void> => {
    const found = await problems();
    if (draining.aborted) return;
    // Another check may have been requested meanwhile.
    clearTimeout(timer);
    timer = setTimeout(() => void watch(), found.length > 0 ? WAITING_INTERVAL_MS : READY_INTERVAL_MS);
    timer.unref();
  };

  const checkAgain = async (): Promise<void> => {
    // The outcome of a running check is older than the change.
    await shared?.outcome;
    shared = undefined;
    await watch();
  };

  return {
    readiness: { draining, closing, problems },
    require: (part, check) => void checks.set(part, check),
    createWait() {
      const index = waits.push(undefined) - 1;
      return (what) => {
        waits[index] = what;
      };
    },
    started() {
      isStarted = true;
      shared = undefined;
      void watch();
    },
    changed() {
      if (isStarted && logged !== "") void checkAgain();
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

function describeStart(waits: readonly (string | undefined)[]): string {
  const missing = waits.filter((what) => what !== undefined);
  return missing.length === 0 ? "starting" : `starting; waiting for ${missing.join(", ")}`;
}

/** The problem of a part. Rejections may name addresses, and appear in the log only. */
async function checkPart(
  { log }: Pick<RequirementDeps, "log">,
  part: string,
  check: Check,
): Promise<Problem | undefined> {
  const checking = new AbortController();
  const response = deadline(check(checking), CHECK_TIMEOUT_MS, () => "no response");
  const [outcome] = await Promise.allSettled([response]);
  checking.abort();
  if (outcome.status === "fulfilled") return outcome.value === undefined ? undefined : { part, reason: outcome.value };
  log.warn({ part, err: outcome.reason }, "health check failed");
  return { part, reason: "health check failed" };
}
