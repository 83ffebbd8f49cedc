import type { ChannelState } from "../channel/channel.ts";

/** Interval between looks at a sandbox, in milliseconds. */
const INTERVAL_MS = 2500;

/** Looks in a row, without a sign of life, after which a sandbox is given up. */
const MAX_SILENT_POLLS = 6;

/** A look that comes so much too late says that this process stood still, in milliseconds. */
const STANDSTILL_MS = 1000;

interface WatchedSandbox {
  readonly channel: ChannelState;
  /** Asks for a sign of life: any line is one. */
  ping(): void;
  /** Called once. */
  unresponsive(message: string): void;
}

/** Watches that the main isolate of a sandbox answers: no job can keep it from that. Disposing it ends the watch. */
export function watchLiveness({ channel, ping, unresponsive }: WatchedSandbox): Disposable {
  let silentPolls = 0;
  let lines = channel.lines;
  let polledAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const isLate = now - polledAt > INTERVAL_MS + STANDSTILL_MS;
    polledAt = now;
    const isAlive = !channel.isClogged && (channel.lines !== lines || channel.isBehind);
    lines = channel.lines;
    silentPolls = isAlive || isLate ? 0 : silentPolls + 1;
    if (silentPolls < MAX_SILENT_POLLS) return ping();
    clearInterval(timer);
    unresponsive(`The sandbox gave no sign of life for ${(MAX_SILENT_POLLS * INTERVAL_MS) / 1000} s`);
  }, INTERVAL_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
