/**
 * The main isolate of a sandbox process. It passes messages between the node and the executors and keeps the named objects;
 * it never loads a job's code, because what it may do no permission limits (it holds the channel to the node).
 */
import process from "node:process";
import { type ExecutorWorker, startExecutor } from "./main_isolate/executor_worker.ts";
import { endsRehearsal, REHEARSAL } from "./main_isolate/rehearsal.ts";
import { createSilentRuns } from "./main_isolate/silent_runs.ts";
import { createOutbox } from "./messages/outbox.ts";
import type { ExecutorMessage, SandboxCommand, SandboxReport } from "./messages/protocol.ts";
import { inPieces, weigh } from "./messages/report_weights.ts";
import { createObjectStore } from "./objects/object_store.ts";

const { post: report, hold } = createOutbox<SandboxReport>(
  (messages, sent) => process.send?.(messages, undefined, undefined, sent),
  { weigh },
);
const executors = new Map<number, ExecutorWorker>();
const bundles = new Map<string, string>();
const objects = createObjectStore({
  limitBytes: () => opened?.objectBytes ?? 0,
  respond: forward,
  stored: (object) => hold({ type: "objectStored", object }),
  removed: (name) => hold({ type: "objectRemoved", name }),
});

const silentRuns = createSilentRuns({
  started: (executor, run, stage) => report({ type: "reported", executor, messages: [{ type: stage, run }] }),
  unresponsive: (executor) => report({ type: "unresponsive", executor }),
});

let program: Extract<SandboxCommand, { type: "start" }> | undefined;
let ready = false;
const rehearsed = Promise.withResolvers<void>();
let opened: Extract<SandboxCommand, { type: "open" }> | undefined;

// The node is gone: so is the reason to run. Deno does not always tell `disconnect` of a channel that broke while it was
// written to, so the parent is looked at as well.
const nodePid = Deno.ppid;
setInterval(() => Deno.ppid === nodePid || Deno.exit(0), 1000);
process.on("disconnect", () => Deno.exit(0));
// The node ends this process, and lets jobs finish first; terminals and supervisors signal all processes at once.
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => {});
process.on("message", (commands: readonly SandboxCommand[]) => commands.forEach(handle));

function handle(command: SandboxCommand): void {
  switch (command.type) {
    case "start":
      program = command;
      rehearse(start(command.firstExecutor));
      void rehearsed.promise.then(() => {
        ready = true;
        report({ type: "ready" });
      });
      return;
    case "open":
      opened = command;
      for (const executor of executors.values()) executor.send(command);
      return;
    case "startExecutor":
      start(command.executor);
      return;
    case "endExecutor":
      executors.get(command.executor)?.terminate();
      return;
    case "bundle":
      bundles.set(command.digest, command.code);
      return;
    case "dropBundle":
      bundles.delete(command.digest);
      return;
    case "load": {
      const code = bundles.get(command.digest);
      if (code === undefined) throw new Error(`The bundle ${command.digest} was not sent before it was to be loaded`);
      forward(command.executor, { type: "bundle", digest: command.digest, code });
      return;
    }
    case "forward":
      forward(command.executor, command.message);
      return;
    case "ping":
      report({ type: "pong" });
      return;
    case "dropObject":
      report({ type: "objectDropped", request: command.request, existed: objects.drop(command.name) });
      return;
    default:
      command satisfies never;
  }
}

function forward(number: number, message: ExecutorMessage): void {
  const executor = executors.get(number);
  if (executor === undefined) return;
  executor.send(message);
  if (message.type === "run") silentRuns.add(number, message.run, executor);
}

/** Before any code of a job is there. */
function rehearse(executor: ExecutorWorker): void {
  for (const message of REHEARSAL) executor.send(message);
}

function start(number: number): ExecutorWorker {
  if (program === undefined) throw new Error("An executor was to start before the sandbox was");
  const executor = startExecutor(program, {
    mail(mail) {
      const { urgent, forNode, forMain } = mail;
      if (!ready) {
        if (endsRehearsal(mail)) rehearsed.resolve();
        return;
      }
      silentRuns.reported(forNode);
      const send = urgent ? report : hold;
      if (forNode.length > 0) {
        for (const messages of inPieces(forNode)) send({ type: "reported", executor: number, messages });
      }
      for (const request of forMain) objects.handle(number, request);
    },
    ended(end) {
      // Deno has written to standard error why, and the node reads it there.
      if (!ready) Deno.exit(1);
      executors.delete(number);
      silentRuns.executorEnded(number);
      objects.executorEnded(number);
      report({ type: "executorEnded", executor: number, end });
    },
  });
  executors.set(number, executor);
  if (opened !== undefined) executor.send(opened);
  return executor;
}
