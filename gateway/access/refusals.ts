import type { Logger } from "pino";
import { AuditEntry_Outcome } from "../../proto/mod.ts";
import type { AuditLog, AuditRecord } from "../audit/mod.ts";
import { networkOf } from "./network.ts";
import { TokenBuckets } from "./token_buckets.ts";

/** Entries at once, and a minute, of one network whose callers do not prove who they are. */
const OF_NETWORK = { capacity: 60, perMinute: 30 };

/**
 * The same of all such networks together: whoever has many addresses does not write more. With entries of at most some 500 bytes that
 * is less than 100 MB a day, in the store, on the stream and in the log, each.
 */
const OF_STRANGERS = { capacity: 600, perMinute: 120 };

/** The same of one principal. */
const OF_PRINCIPAL = { capacity: 600, perMinute: 600 };

const SUMMARY_INTERVAL_MS = 60_000;

/** Networks whose refusals are counted apart, and as many principals; those of further ones are counted together. */
const COUNTED = 1000;

/** Entries of one summary; the smallest counts become one entry. */
const SUMMARY_ENTRIES = 20;

/** Records refused calls in the audit log and the log, within a budget. Disposing it writes the last summary. */
export interface Refusals extends Disposable {
  add(record: AuditRecord): void;
  /** Writes how many refusals were left out since the last time, by network and principal. Runs once a minute. */
  summarize(): void;
}

interface Deps {
  readonly audit: Pick<AuditLog, "add">;
  readonly log: Pick<Logger, "info">;
}

/** Who was refused: a principal, or a network whose callers prove nothing. */
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
