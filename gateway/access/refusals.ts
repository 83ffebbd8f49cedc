import type { Logger } from "pino";
import { AuditEntry_Outcome } from "../../proto/mod.ts";
import type { AuditLog, AuditRecord } from "../audit/mod.ts";
import { networkOf } from "./network.ts";
import { TokenBuckets } from "./token_buckets.ts";

/** Budget of entries for one network with unauthenticated callers. */
const OF_NETWORK = { capacity: 60, perMinute: 30 };

/**
 * Budget of entries for all such networks together, so that many addresses write no more. With entries of up to some 500 bytes that is less
 * than 100 MB a day, each in the store, on the stream and in the log.
 */
const OF_STRANGERS = { capacity: 600, perMinute: 120 };

/** Budget of entries for one principal. */
const OF_PRINCIPAL = { capacity: 600, perMinute: 600 };

const SUMMARY_INTERVAL_MS = 60_000;

/** Most networks, and principals, whose refusals are counted separately. */
const COUNTED = 1000;

/** Most entries of one summary. The smallest counts are merged into one. */
const SUMMARY_ENTRIES = 20;

/** Records refused calls in the audit log and the log, within a budget. Disposal writes the last summary. */
export interface Refusals extends Disposable {
  add(record: AuditRecord): void;
  /** Writes the number of omitted refusals since the last summary, by network and principal. Runs once a minute. */
  summarize(): void;
}

interface Deps {
  readonly audit: Pick<AuditLog, "add">;
  readonly log: Pick<Logger, "info">;
}

/** The refused caller: a principal, or a network of unauthenticated callers. */
interface Refused {
  readonly principal: string;
  readonly network: string;
}

export function startRefusals(
  { audit, log }: Deps,
  { now = () => performance.now() }: { readonly now?: () => number } = {},
): Refusals {
  const networks = new TokenBuckets(OF_NETWORK, now);
  const strangers = new TokenBuckets(OF_STRANGERS, now);
  const principals = new TokenBuckets(OF_PRINCIPAL, now);
  const leftOut = new Map<string, { readonly refused: Refused; times: number }>();
  const timer = setInterval(summarize, SUMMARY_INTERVAL_MS).unref();

  return {
    add(record) {
      const { principal = "", peer = "" } = record;
      const refused = { principal, network: networkOf(peer) };
      if (hasBudget(refused)) write(record);
      else count(refused, 1);
    },
    summarize,
    [Symbol.dispose]() {
      clearInterval(timer);
      summarize();
    },
  };

  function hasBudget({ principal, network }: Refused): boolean {
    return principal === "" ? networks.take(network) && strangers.take("") : principals.take(principal);
  }

  function count(refused: Refused, times: number): void {
    const key = JSON.stringify(refused.principal === "" ? refused.network : { principal: refused.principal });
    const known = leftOut.get(key);
    if (known !== undefined) known.times += times;
    else if (refused === OTHERS || leftOut.size < (refused.principal === "" ? COUNTED : 2 * COUNTED))
      leftOut.set(key, { refused, times });
    else count(OTHERS, times);
  }

  function summarize(): void {
    const counts = [...leftOut.values()].toSorted((a, b) => b.times - a.times);
    leftOut.clear();
    const rest = counts.splice(SUMMARY_ENTRIES);
    if (rest.length > 0) {
      counts.push({ refused: OTHERS, times: rest.reduce((sum, { times }) => sum + times, 0) });
    }
    for (const { refused, times } of counts) {
      const { principal, network } = refused;
      const whose = principal === "" ? `network ${network}` : `principal "${principal}"`;
      const reason = `${times} further refusals of ${refused === OTHERS ? "other callers" : whose} in the last minute`;
      write({ principal, peer: network, action: "further refusals", reason, times });
    }
  }

  function write(record: AuditRecord): void {
    audit.add({ ...record, outcome: AuditEntry_Outcome.REFUSED });
    log.info(record, "call refused");
  }
}

const OTHERS: Refused = { principal: "", network: "" };
