import type { ServerResponse } from "node:http";
import { constants } from "node:http2";
import type { Logger } from "pino";
import { createThrottledLog } from "../../cluster/mod.ts";
import type { HttpRequest, HttpResponse } from "../../lib/transcode/mod.ts";
import { networkOf, peerOf } from "../access/mod.ts";
import type { Limits } from "../limits.ts";
import { heaviest } from "./heaviest.ts";

/** How often answers are looked at, at least. */
const CHECK_INTERVAL_MS = 5000;

const MEBIBYTE = 1024 * 1024;

/** Answers are looked at for their memory when one begins, but no more often than this. */
const RELIEF_INTERVAL_MS = 100;

/** An answer, how many bytes of it wait for the client, and since when as many. */
interface Waiting {
  readonly response: HttpResponse & ServerResponse;
  readonly network: string;
  sizeBytes: number;
  sinceMs: number;
}

/** Answers on their way. Disposing it ends the watch, not the answers. */
interface AnswerWatch extends Disposable {
  add(request: HttpRequest, response: ServerResponse): void;
}

/**
 * Breaks off answers that take memory: what is written stays there until the client takes it. A client that takes nothing loses its answer after
 * a while; and when all answers together take too much, the largest of the network that has the most is broken off. What is written in parts
 * waits when some tens of kilobytes do; a client that takes them a byte at a time does not keep them for long either.
 */
export function watchAnswers(
  { stallTimeoutMs, answersBytes }: Pick<Limits, "stallTimeoutMs" | "answersBytes">,
  { log }: { readonly log: Pick<Logger, "warn"> },
): AnswerWatch {
  const answers = new Set<Waiting>();
  const warn = createThrottledLog((fields) =>
    log.warn(fields, "an answer is broken off: answers take too much memory"),
  );
  const timer = setInterval(look, Math.min(CHECK_INTERVAL_MS, stallTimeoutMs / 2));
  let lookedAtMs = 0;

  return {
    add(request, response) {
      const answer = { response, network: networkOf(peerOf(request)), sizeBytes: 0, sinceMs: 0 };
      answers.add(answer);
      response.once("close", () => answers.delete(answer));
      if (performance.now() - lookedAtMs > RELIEF_INTERVAL_MS) look();
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };

  function look(): void {
    const nowMs = performance.now();
    lookedAtMs = nowMs;
    let allBytes = 0;
    for (const answer of answers) {
      const { writableLength } = answer.response;
      if (writableLength === 0 || writableLength !== answer.sizeBytes) answer.sinceMs = nowMs;
      answer.sizeBytes = writableLength;
      if (nowMs - answer.sinceMs >= stallTimeoutMs * (1 + writableLength / MEBIBYTE)) end(answer);
      else allBytes += writableLength;
    }
    while (allBytes > answersBytes) {
      const answer = heaviest(answers);
      allBytes -= answer.sizeBytes;
      end(answer);
      warn({ network: answer.network });
    }
  }

  function end(answer: Waiting): void {
    answers.delete(answer);
    cut(answer.response);
  }
}

/** Over HTTP/1.1 the connection goes with it; over HTTP/2 it may be a proxy's, with other people's calls. */
function cut(response: HttpResponse): void {
  const { stream } = response;
  if (stream === undefined) {
    response.destroy();
    return;
  }
  stream.close(constants.NGHTTP2_CANCEL);
  // Else it is kept until the client takes the news.
  stream.destroy();
}
