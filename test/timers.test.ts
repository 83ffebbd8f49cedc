import { resolve } from "node:path";
import { expect, test } from "vitest";
import { readSources } from "./module_graph.ts";

const ROOT = resolve(import.meta.dirname, "..");

/** What starts a timer, with the position of the delay among its arguments. */
const TIMERS: Readonly<Record<string, number>> = {
  setTimeout: 1,
  setInterval: 1,
  delay: 0,
  "AbortSignal.timeout": 0,
  "socket.setTimeout": 0,
};

/** A delay that no caller, job or configuration chooses, or that a constant bounds. */
const CONSTANT =
  /^([A-Z][A-Z0-9_]*|\d[\d_]*|Math\.min\([A-Z][A-Z0-9_]*,[\s\S]*\)|[^?]*\? [A-Z][A-Z0-9_]* : [A-Z][A-Z0-9_]*)$/;

/**
 * Files with timers whose delay is no constant, and what bounds it to the longest delay of setTimeout. `startTimer`, `deadline` and `pause`
 * of `lib/async` take any delay: use them for a time that comes from outside.
 */
const BOUNDED: Readonly<Record<string, string>> = {
  "cluster/session/blob_streams.ts": "a constant",
  "cluster/availability.ts": "constants",
  "lib/async/timer.ts": "the timer for any delay",
  "context-node/deno/executors/data_throttle.ts": "a share of a second",
  "context-node/jobs/progress.ts": "a tenth of a second, or eleven times that",
  "context-node/process_output.ts": "a second",
  "context-node/spark/process/driver.ts": "constants of its callers",
  "context-node/spark/protocol/driver_server.ts": "a constant, or a test's",
  "context-node/spark/spark_sandbox.ts": "a constant",
  "gateway/access/recheck.ts": "gateway.limits.recheckMs",
  "gateway/bundler/bundler.ts": "a constant, or a test's",
  "gateway/jars/jar_reader.ts": "a constant, or a test's",
  "gateway/bundler/build/esbuild.ts": "esbuild's own, of milliseconds",
  "gateway/events/publisher.ts": "constants",
  "gateway/gateway.ts": "gateway.drainTimeoutMs",
  "gateway/nodes/pending_replies.ts": "a constant, or a test's",

  "gateway/nodes/commands.ts": "constants of its callers",
  "gateway/outgoing/request.ts": "gateway.callbacks.timeoutMs, or a constant",
  "gateway/plugins/start_timeout.ts": "a constant",
  "gateway/retention/retention.ts": "gateway.retention.everyMinutes",
  "gateway/serve/connections/server_limits.ts": "gateway.limits",
  "gateway/serve/connections/connection_preface.ts": "gateway.limits",
  "gateway/serve/unary/unary_call.ts": "unary_head.ts leaves longer ones to others",
  "lib/transcode/http/call.ts": "starts its timer again where the time is longer",
};

/** Code inside Deno has timers of its own; tests, and what they share, choose their times themselves. */
const LEFT_OUT = /\.test\.ts$|_child\.ts$|\/testing\/|\/testdata\/|^context-node\/deno\/sandbox\//;

const sources = readSources(ROOT, ["cluster", "context-node", "gateway", "lib", "plugins", "standalone"]).filter(
  ({ path }) => !LEFT_OUT.test(path),
);

test("timers with delays from outside use startTimer", () => {
  const variable = sources.filter(({ text }) => delaysIn(text).some((delay) => !CONSTANT.test(delay)));
  expect(variable.map(({ path }) => path)).toEqual(Object.keys(BOUNDED).sort());
});

/** The delays of all timers in a source, as they are written. */
function delaysIn(text: string): string[] {
  const isPromised = text.includes('{ setTimeout } from "node:timers/promises"');
  return [...text.matchAll(/(?<![\w.#"])([\w.]+)\(/g)].flatMap(({ 0: call, 1: name = "", index }) => {
    const position = name === "setTimeout" && isPromised ? 0 : TIMERS[name];
    if (position === undefined) return [];
    return [argumentsAt(text, index + call.length)[position]?.trim() ?? "0"];
  });
}

/** The arguments of a call whose parenthesis opens before this place. */
function argumentsAt(text: string, start: number): string[] {
  const found = [""];
  let depth = 1;
  for (let at = start; at < text.length; at++) {
    const character = text[at] ?? "";
    if ("([{".includes(character)) depth += 1;
    if (")]}".includes(character)) depth -= 1;
    if (depth === 0) break;
    if (depth === 1 && character === ",") found.push("");
    else found.push((found.pop() ?? "") + character);
  }
  return found;
}
