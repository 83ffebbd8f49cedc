import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { basicProof, passwordOf, writeUsers } from "../auth/credentials.ts";
import { createTemporaryDirectory } from "../contract/temporary_directory.ts";
import { type AbusedHearth, startAbusedHearth } from "../e2e/abuse/abused_hearth.ts";
import { until } from "../until.ts";
import { httpInput } from "./http_input.ts";
import { createRandom, FUZZ_MS, FUZZ_SEED, type Random } from "./random.ts";

const CLIENTS = 12;

/** Longest time that a client listens once it has said all. */
const LISTEN_MS = 100;

const MEBIBYTE = 1024 * 1024;

const admin = basicProof("admin", passwordOf("admin"));
const fuzzer = basicProof("fuzzer", passwordOf("fuzzer"));

/** What the fuzzer may do: everything, except to change or delete what the test itself uses. */
const FUZZER_ROLES = {
  caller: { permissions: ["jobs", "contexts:read", "binaries:read", "data", "nodes", "audit"] },
  maker: { permissions: ["*"], contexts: ["none*"], binaries: ["x*"] },
};

const stack = new AsyncDisposableStack();
const bad: string[] = [];
let abused: AbusedHearth;

beforeAll(async () => {
  const { path } = stack.use(await createTemporaryDirectory());
  const file = await writeUsers(path, { admin: ["admin"], fuzzer: Object.keys(FUZZER_ROLES) });
  const gateway = {
    auth: [{ plugin: "hearth:auth-basic", config: { file } }],
    roles: { admin: { permissions: ["*"] }, ...FUZZER_ROLES },
    limits: {
      failedLoginsPerMinute: 600,
      idleTimeoutMs: 2000,
      headersTimeoutMs: 2000,
      bodyTimeoutMs: 2000,
      stallTimeoutMs: 2000,
    },
  };
  const onLine = (line: string): void => {
    if (isBad(line)) bad.push(line);
  };
  abused = stack.use(await startAbusedHearth({ gateway }, { headers: admin, onLine }));
});

afterAll(() => stack.disposeAsync());

/** Whether a line of a log is of an error, or no line of a log at all, as what a dying process writes. */
function isBad(line: string): boolean {
  return !line.startsWith("{") || /"level":[56]0/.test(line);
}

/** Says one input on a connection of its own and leaves, in one of the ways to leave. */
async function sayOnce(random: Random): Promise<void> {
  const { hostname, port } = new URL(abused.hearth.url);
  const pieces = httpInput(random, fuzzer);
  const socket = connect({ port: Number(port), host: hostname, noDelay: true });
  socket.on("error", () => {});
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.write(piece);
    if (random.chance(0.3)) await turn();
  }
  if (random.chance(0.2)) socket.resetAndDestroy();
  else if (random.chance(0.3)) socket.end();
  await untilClosed(socket, random.below(LISTEN_MS));
}

/** Takes what comes until the other end closes, for so long at most. */
function untilClosed(socket: Socket, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) return resolve();
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    socket.resume().once("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** What the gateway holds: its open files and sockets, and its memory. */
function measure(): { readonly descriptors: number; readonly residentBytes: number } {
  const process = `/proc/${abused.hearth.gateways[0]?.pid}`;
  const [, kibibytes = "NaN"] = /VmRSS:\s+(\d+)/.exec(readFileSync(`${process}/status`, "utf8")) ?? [];
  return { descriptors: readdirSync(`${process}/fd`).length, residentBytes: Number(kibibytes) * 1024 };
}

/** Clients that say things until the time is over, each with a seed of its own. */
async function fuzz(seed: number, durationMs: number): Promise<number> {
  const end = performance.now() + durationMs;
  let count = 0;
  const died = abused.hearth.gateways[0]?.closed ?? Promise.resolve();
  const say = async (): Promise<void> => {
    while (performance.now() < end) await sayOnce(createRandom(seed + count++));
  };
  await Promise.race([Promise.all(Array.from({ length: CLIENTS }, say)), died]);
  return count;
}

test(
  "whatever is said on its port, the gateway goes on, without errors, and holds nothing afterwards",
  async () => {
    console.log(`HEARTH_FUZZ_SEED=${FUZZ_SEED}`);
    // What is allocated once, such as code that is compiled.
    await fuzz(FUZZ_SEED, Math.min(2000, FUZZ_MS / 4));
    await abused.expectWell();
    const before = measure();
    const count = await fuzz(FUZZ_SEED + 1_000_000, FUZZ_MS);
    console.log(`${count} connections`);
    expect(bad).toEqual([]);
    await abused.expectWell();
    await until(
      "the gateway holds as few connections as before",
      () => measure().descriptors <= before.descriptors + 5,
    );
    expect(measure().residentBytes - before.residentBytes).toBeLessThan(192 * MEBIBYTE);
    await abused.expectWell();
  },
  FUZZ_MS + 120_000,
);
