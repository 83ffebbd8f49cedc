import type { ServerResponse } from "node:http";
import { constants } from "node:http2";
import type { Logger } from "pino";
import { createThrottledLog } from "../../../cluster/mod.ts";
import type { HttpRequest, HttpResponse } from "../../../lib/transcode/mod.ts";
import { networkOf, peerOf } from "../../access/mod.ts";
import type { Limits } from "../../limits.ts";
import { findLargest } from "./memory_use.ts";

/** Maximum interval between checks of the responses, in milliseconds. */
const CHECK_INTERVAL_MS = 5000;

const MEBIBYTE = 1024 * 1024;

/** Minimum interval between the memory checks that new responses cause, in milliseconds. */
const RELIEF_INTERVAL_MS = 100;

/** A response, the number of its buffered bytes, and since when that number has not changed. */
interface Waiting {
  readonly response: HttpResponse & ServerResponse;
  readonly network: string;
  sizeBytes: number;
  sinceMs: number;
}

/** Watches responses until they close. Disposing it ends the watch, not the responses. */
interface ResponseWatch extends Disposable {
  add(request: HttpRequest, response: ServerResponse): void;
}

/**
 * Aborts responses that hold memory: written data stays in memory until the client reads it. A client that reads nothing loses its response
 * on timeout; when all responses together exceed the limit, the largest one of the network that uses the most is aborted. Streams pause at
 * some tens of kilobytes, so a client that reads byte by byte does not hold much for long.
 */
export function watchResponses(
  { stallTimeoutMs, answersBytes }: Pick<Limits, "stallTimeoutMs" | "answersBytes">,
  { log }: { readonly log: Pick<Logger, "warn"> },
): ResponseWatch {
  const answers = new Set<Waiting>();
  const warn = createThrottledLog((fields) => log.warn(fields, "response aborted: responses use too much memory"));
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
      const answer = findLargest(answers);
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

/** Closes the connection over HTTP/1.1, but only the stream over HTTP/2: the connection may be a proxy's, with calls of other clients. */
function cut(response: HttpResponse): void {
  const { stream } = response;
  if (stream === undefined) {
    response.destroy();
    return;
  }
  stream.close(constants.NGHTTP2_CANCEL);
  // Otherwise the stream is kept until the client reads the RST_STREAM.
  stream.destroy();
}
