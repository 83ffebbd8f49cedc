import { JobError_Reason } from "../../proto/node.ts";
import type { JobObserver, Outcome } from "../runtime/mod.ts";
import type { KnownSecrets } from "./known_secrets.ts";
import { createRedactedStream, type RedactedStream } from "./redacted_stream.ts";
import type { Redactor } from "./redactor.ts";

/** What a job says, on its way to whoever observes it. */
interface Report {
  /** To tell it to. */
  readonly observer: JobObserver;
  /** Tells what was held back of a streamed result. Answers the outcome, or the failure of that. */
  finish(outcome: Outcome): Outcome | Promise<Outcome>;
}

/** Takes secrets out of it; what was said before a secret was known is through. */
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
        // Of one result all is looked at in one way.
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
  // What a value was spread over is not an object any more.
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
