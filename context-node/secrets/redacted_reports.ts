import { JobError_Reason } from "../../proto/node.ts";
import type { JobObserver, Outcome } from "../runtime/mod.ts";
import type { KnownSecrets } from "./known_secrets.ts";
import { createRedactedStream, type RedactedStream } from "./redacted_stream.ts";
import type { Redactor } from "./redactor.ts";

/** Redacts the reports of a job on their way to its observer. */
interface Report {
  /** The receiver. */
  readonly observer: JobObserver;
  /** Forwards the rest of a streamed result. Returns the outcome, or its failure. */
  finish(outcome: Outcome): Outcome | Promise<Outcome>;
}

/** Redacts secrets. Reports from before a secret was read are not affected. */
export function createReport(observer: JobObserver, known: KnownSecrets): Report {
  let result: RedactedStream | undefined;

  return {
    observer: {
      validating: () => observer.validating(),
      running: (executor) => observer.running(executor),
      progress(progress) {
        const { redactor } = known;
        if (redactor === undefined) return observer.progress(progress);
        const { fields } = progress;
        observer.progress({
          ...progress,
          message: redactor.text(progress.message),
          stages: progress.stages.map((stage) => ({
            ...stage,
            name: redactor.text(stage.name),
            failure: redactor.text(stage.failure),
          })),
          fields: fields && redactFields(redactor, fields),
        });
      },
      logged(lines) {
        const { redactor } = known;
        if (redactor === undefined) return observer.logged(lines);
        observer.logged(lines.map((line) => ({ ...line, text: redactor.text(line.text) })));
      },
      resultBegun(mediaType) {
        // One result is redacted in one way from start to end.
        result = known.redactor && createRedactedStream(known.redactor, mediaType);
        observer.resultBegun(mediaType);
      },
      async resultPart(bytes) {
        const told = result === undefined ? bytes : result.push(bytes);
        if (told.length > 0) await observer.resultPart(told);
      },
    },
    finish(outcome) {
      if (outcome.type !== "streamed" || result === undefined) return outcome;
      return tellRest(observer, result).then(() => outcome, resultRefused);
    },
  };
}

type Fields = NonNullable<Parameters<JobObserver["progress"]>[0]["fields"]>;

function redactFields(redactor: Redactor, fields: Fields): Fields {
  const redacted: unknown = JSON.parse(redactor.json(JSON.stringify(fields)));
  // An object with a spread value is no longer an object.
  return typeof redacted === "object" && redacted !== null ? { ...redacted } : { redacted };
}

async function tellRest(observer: JobObserver, result: RedactedStream): Promise<void> {
  const rest = result.end();
  if (rest.length > 0) await observer.resultPart(rest);
}

function resultRefused(error: Error): Outcome {
  const reason = JobError_Reason.RESULT_TOO_LARGE;
  return { type: "failed", error: { reason, name: "Error", message: error.message, stack: "", problems: [] } };
}
