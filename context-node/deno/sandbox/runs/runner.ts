import { AsyncLocalStorage } from "node:async_hooks";
import type { DataFiles, JobContext, NamedObjects } from "../../../hearth.ts";
import {
  freeze,
  keys,
  mapDelete,
  mapGet,
  mapSet,
  mapSize,
  NativeMap,
  own,
  parse,
  settled,
  uncurry,
} from "../confinement/primordials.ts";
import type { Stage } from "../main_isolate/run_marks.ts";
import { MAX_INLINE_JSON_LENGTH } from "../messages/bounds.ts";
import type { Mailbox } from "../messages/mailbox.ts";
import type {
  ContextView,
  ExecutorCommand,
  ExecutorReport,
  GrantedPermissions,
  ResultResponse,
} from "../messages/protocol.ts";
import { type Bundles, LoadError } from "../programs/bundles.ts";
import { findEntryPoint, subpathOf } from "../programs/entry_point.ts";
import { describeDenial, neededPermissions } from "../programs/manifest.ts";
import { resultJson } from "../results/result_json.ts";
import { createResultStream, ResultRefused, type ResultStream } from "../results/result_stream.ts";
import { MAX_JSON_CHARACTERS, type StreamedResult, streamedResult, wholeResult } from "../results/streamed_result.ts";
import { routeConsole } from "./console.ts";
import { createJobAbort, type JobAbort } from "./job_abort.ts";
import { createRunLog, type RunLog } from "./job_log.ts";
import { createRunProgress } from "./job_progress.ts";
import { listProblems } from "./problems.ts";
import { describeThrown } from "./thrown.ts";
import { cutText } from "./value_text.ts";

type RunCommand = Extract<ExecutorCommand, { type: "run" }>;
type Final = Extract<ExecutorReport, { type: "succeeded" | "streamed" | "failed" | "rejected" | "denied" }>;

/** Runs jobs, any number at a time. */
export interface Runner {
  open(opened: Opened): void;
  run(command: RunCommand): void;
  isBusy(): boolean;
  /** Whether the code that runs now is known to be what a run that has ended left behind. */
  isLeftover(): boolean;
  /** Aborts the signal of a run; nothing when it has ended. */
  abort(run: number, reason: string): void;
  /** What became of a part of a result that is streamed. */
  receive(response: ResultResponse): void;
}

interface Opened {
  readonly context: ContextView;
  readonly permissions: GrantedPermissions;
}

interface RunnerDeps {
  readonly mailbox: Mailbox;
  readonly bundles: Bundles;
  readonly files: DataFiles;
  readonly objects: NamedObjects;
  /** Called when a run begins. */
  watchHeap(): void;
  /** Marks, where the main isolate can see it, how far a run is. */
  mark(run: number, stage: Stage): void;
}

/** Captured: a job can import the class, and replace its methods. */
const runIn = uncurry(AsyncLocalStorage.prototype.run) as <Store, Result>(
  storage: AsyncLocalStorage<Store>,
  store: Store,
  callback: () => Result,
) => Result;
const storeOf = uncurry(AsyncLocalStorage.prototype.getStore) as <Store>(
  storage: AsyncLocalStorage<Store>,
) => Store | undefined;

export function createRunner({ mailbox, bundles, files, objects, watchHeap, mark }: RunnerDeps): Runner {
  const aborts = new NativeMap<number, (reason: string) => void>();
  const streams = new NativeMap<number, ResultStream>();
  const currentLog = new AsyncLocalStorage<RunLog>();
  const format = routeConsole(() => storeOf(currentLog));
  let context: ContextView = { id: "", name: "", settings: {} };
  let granted: GrantedPermissions = { net: [], secrets: [] };

  async function start(command: RunCommand): Promise<void> {
    const { run } = command;
    mark(run, "taken");
    const abort = createJobAbort();
    const progress = createRunProgress(run, mailbox);
    const log = createRunLog(run, { mailbox, format, nameFramesIn: bundles.nameFramesIn });
    // Its listeners are called then, whose console is the job's.
    mapSet(aborts, run, (reason) => runIn(currentLog, log, () => abort.abort(reason)));
    watchHeap();
    const final = await own(runIn(currentLog, log, () => outcome(command, { abort, log, progress: progress.report })));
    mapDelete(aborts, run);
    progress.end();
    log.end();
    mailbox.toNode(final);
  }

  async function outcome(
    { run, digest, entryPoint, jobId, config }: RunCommand,
    { abort, log, progress }: { abort: JobAbort; log: RunLog; progress: JobContext["progress"] },
  ): Promise<Final> {
    try {
      const needed = neededPermissions(bundles.manifest(digest, subpathOf(entryPoint)));
      const denied = describeDenial(needed, { context: context.name, granted });
      if (denied !== undefined) return { type: "denied", run, message: cutText(denied) };
      const { exports } = await bundles.load(digest);
      const entry = findEntryPoint(exports, entryPoint);
      const job: JobContext = {
        jobId,
        config: parse(config),
        context,
        get signal() {
          return abort.signal;
        },
        progress,
        log: log.api,
        objects,
        data: files,
      };
      if (entry.validate !== undefined) {
        mark(run, "validating");
        const problems = listProblems(await settled(entry.validate(job)), entryPoint);
        if (problems.length > 0) return { type: "rejected", run, problems };
      }
      abort.throwIfAborted();
      mark(run, "running");
      mailbox.toNode({ type: "running", run });
      const value: unknown = await settled(entry.run(job));
      const streamed = streamedResult(value);
      if (streamed !== undefined) return await own(stream(run, streamed, abort));
      const json = resultJson(value);
      if (json === undefined || json.length <= MAX_INLINE_JSON_LENGTH) return { type: "succeeded", run, json };
      if (json.length > MAX_JSON_CHARACTERS) return tooLarge(run, json);
      // As a whole it would hold up all that shares the channel to the node. What has been returned is not aborted any more.
      return await own(stream(run, wholeResult(json), createJobAbort()));
    } catch (thrown) {
      // The fence between the job's code and ours: whatever it throws is its outcome.
      return failure(run, thrown);
    }
  }

  async function stream(run: number, { mediaType, writeTo }: StreamedResult, abort: JobAbort): Promise<Final> {
    const resultStream = createResultStream({ run, mailbox, abort });
    mapSet(streams, run, resultStream);
    mailbox.sendNow({ type: "resultBegun", run, mediaType });
    try {
      await own(writeTo(resultStream));
      await own(resultStream.end());
      return { type: "streamed", run };
    } finally {
      resultStream.close();
      mapDelete(streams, run);
    }
  }

  function failure(run: number, thrown: unknown): Final {
    if (thrown instanceof ResultRefused) return tooLargeError(run, thrown.message);
    if (!(thrown instanceof LoadError)) {
      return { type: "failed", run, reason: "THROWN", error: describeThrown(thrown, bundles.nameFrames) };
    }
    const error = describeThrown(thrown.cause ?? thrown, bundles.nameFrames);
    return { type: "failed", run, reason: "LOAD_FAILED", error };
  }

  return {
    open(opened) {
      context = deepFreeze(opened.context);
      granted = opened.permissions;
    },
    run: start,
    isBusy: () => mapSize(aborts) > 0,
    isLeftover: () => storeOf(currentLog)?.ended === true,
    abort: (run, reason) => mapGet(aborts, run)?.(reason),
    receive: (response) => mapGet(streams, response.run)?.receive(response),
  };
}

/** All jobs of the executor get the same one. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  const names = keys(value);
  for (let index = 0; index < names.length; index++)
    deepFreeze((value as Record<string, unknown>)[names[index] as string]);
  return freeze(value);
}

function tooLarge(run: number, json: string): Final {
  return tooLargeError(
    run,
    `The result is ${json.length} characters of JSON; at most ${MAX_JSON_CHARACTERS} are taken`,
  );
}

function tooLargeError(run: number, message: string): Final {
  return { type: "failed", run, reason: "RESULT_TOO_LARGE", error: { name: "Error", message, stack: message } };
}
