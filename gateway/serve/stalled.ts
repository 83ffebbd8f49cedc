import type { ServerResponse } from "node:http";
import { constants } from "node:http2";
import type { Limits } from "../limits.ts";
import type { HttpResponse } from "../transcode/mod.ts";

/** How often answers are looked at, at least. */
const CHECK_INTERVAL_MS = 5000;

const MEBIBYTE = 1024 * 1024;

/** How many bytes of an answer waited for the client, and since when as many. */
interface Waiting {
  readonly sizeBytes: number;
  readonly sinceMs: number;
}

/** Answers on their way. Disposing it ends the watch, not the answers. */
interface AnswerWatch extends Disposable {
  add(response: ServerResponse): void;
}

/**
 * Breaks off answers of which the client takes nothing: what is written stays in memory until it is taken. Whoever writes waits when
 * some tens of kilobytes do; a client that takes them a byte at a time does not keep them for long either.
 */
export function watchAnswers({ stallTimeoutMs }: Pick<Limits, "stallTimeoutMs">): AnswerWatch {
  const answers = new Map<HttpResponse & ServerResponse, Waiting>();
  const timer = setInterval(look, Math.min(CHECK_INTERVAL_MS, stallTimeoutMs / 2));

  return {
    add(response) {
      answers.set(response, { sizeBytes: 0, sinceMs: 0 });
      response.once("close", () => answers.delete(response));
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };

  function look(): void {
    const nowMs = performance.now();
    for (const [response, waiting] of answers) {
      const { writableLength: sizeBytes } = response;
      if (sizeBytes === 0 || sizeBytes !== waiting.sizeBytes) answers.set(response, { sizeBytes, sinceMs: nowMs });
      else if (nowMs - waiting.sinceMs >= stallTimeoutMs * (1 + sizeBytes / MEBIBYTE)) cut(response);
    }
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
