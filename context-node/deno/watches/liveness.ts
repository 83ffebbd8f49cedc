import type { ChannelState } from "../channel/channel.ts";

/** Interval between polls of a sandbox, in milliseconds. */
const INTERVAL_MS = 2500;

/** Number of consecutive polls without a message after which a sandbox counts as unresponsive. */
const MAX_SILENT_POLLS = 6;

/** Delay of a poll that shows that this process itself was suspended or blocked, in milliseconds. */
const STANDSTILL_MS = 1000;

interface WatchedSandbox {
  readonly channel: ChannelState;
  /** Requests a reply from the sandbox. Any line counts as one. */
  ping(): void;
  /** Called once, when the sandbox does not respond. */
  unresponsive(message: string): void;
}

/** Watches that the main isolate of a sandbox responds. No job can prevent it from responding. Disposing it ends the watch. */
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
    unresponsive(`The sandbox did not respond for ${(MAX_SILENT_POLLS * INTERVAL_MS) / 1000} s`);
  }, INTERVAL_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
