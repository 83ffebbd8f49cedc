import type { Sandbox } from "../runtime/mod.ts";
import type { Driver } from "./process/driver.ts";
import type { DriverLog } from "./process/driver_log.ts";
import { type DriverMessage, type NodeMessage, Violation } from "./protocol/driver_protocol.ts";
import type { ContextPlan } from "./settings/context_plan.ts";

export type ReadyMessage = Extract<DriverMessage, { type: "ready" }>;

/** The driver ended before it reported whether it has a SparkContext. */
export class DriverEnded extends Error {
  override readonly name = "DriverEnded";
}

interface OpenOptions {
  readonly log: DriverLog;
  /** Called when the SparkContext exists, before the next message. */
  readonly ready: (message: ReadyMessage) => Sandbox;
  readonly signal: AbortSignal;
}

/** Makes a driver create its SparkContext. Rejects with the driver's reason, or when the signal aborts. The caller still owns the driver then. */
export function openContext(
  driver: Driver,
  init: Extract<NodeMessage, { type: "init" }>,
  { log, ready, signal }: OpenOptions,
): Promise<Sandbox> {
  const opened = wait<Sandbox>(driver, signal, (message, settle) => {
    if (message.type === "ready") settle.resolve(ready(message));
    else if (message.type === "notReady") settle.reject(notReady(message));
    else if (message.type === "lost") settle.reject(new Error(message.message));
    else if (message.type === "log" && message.run === 0) log.write(message.lines);
    else throw new Violation(`"${message.type}" before it was ready`);
  });
  driver.send(init);
  return opened;
}

/** An exception of Java may have no message; the first line of its stack has its name. */
function notReady({ message, stack }: Extract<DriverMessage, { type: "notReady" }>): Error {
  const [firstLine = ""] = stack.split("\n");
  return new Error(message || firstLine, { cause: stack });
}

/** Resolves when a driver that was started as a spare is warm. Rejects like `openContext`. */
export function untilWarm(driver: Driver, { log, signal }: Pick<OpenOptions, "log" | "signal">): Promise<void> {
  return wait<void>(driver, signal, (message, settle) => {
    if (message.type === "spare") settle.resolve();
    else if (message.type === "log" && message.run === 0) log.write(message.lines);
    else throw new Violation(`"${message.type}" of a spare`);
  });
}

async function wait<T>(
  driver: Driver,
  signal: AbortSignal,
  received: (message: Exclude<DriverMessage, { type: "beat" }>, settle: PromiseWithResolvers<T>) => void,
): Promise<T> {
  const settle = Promise.withResolvers<T>();
  const onAbort = (): void => settle.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  driver.listen({
    received: (message) => received(message, settle),
    part(run) {
      throw new Violation(`a part of run ${run} before it was ready`);
    },
  });
  void driver.ended.then((end) =>
    settle.reject(new DriverEnded(end.type === "disposed" ? "the driver was ended" : end.message)),
  );
  try {
    return await settle.promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Builds the message that makes a driver create the SparkContext of a plan. */
export function initOf(
  { name, kind, hadoop, batchIntervalMs }: ContextPlan,
  { contextId, settings, conf }: { contextId: string; settings: unknown; conf: Readonly<Record<string, string>> },
): Extract<NodeMessage, { type: "init" }> {
  const contextConfig = JSON.stringify(settings ?? {});
  return { type: "init", contextId, contextName: name, kind, conf, hadoop, contextConfig, batchIntervalMs };
}
