import type { ChannelState } from "../channel/channel.ts";

/** Interval between looks at a sandbox, in milliseconds. */
const INTERVAL_MS = 2500;

/** Looks in a row, without a sign of life, after which a sandbox is given up. */
const MOST_SILENT_LOOKS = 6;

/** A look that comes so much too late says that this process stood still, in milliseconds. */
const STANDSTILL_MS = 1000;

interface WatchedLife {
  readonly channel: ChannelState;
  /** Asks for a sign of life: any line is one. */
  ping(): void;
  /** Called once. */
  dead(message: string): void;
}

/** Watches that the main isolate of a sandbox answers: no job can keep it from that. Disposing it ends the watch. */
export function watchLife({ channel, ping, dead }: WatchedLife): Disposable {
  let silentLooks = 0;
  let lines = channel.lines;
  let lookedAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const isLate = now - lookedAt > INTERVAL_MS + STANDSTILL_MS;
    lookedAt = now;
    const isAlive = !channel.isClogged && (channel.lines !== lines || channel.isBehind);
    lines = channel.lines;
    silentLooks = isAlive || isLate ? 0 : silentLooks + 1;
    if (silentLooks < MOST_SILENT_LOOKS) return ping();
    clearInterval(timer);
    dead(`The sandbox gave no sign of life for ${(MOST_SILENT_LOOKS * INTERVAL_MS) / 1000} s`);
  }, INTERVAL_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
