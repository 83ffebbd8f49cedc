import type { RequestListener } from "node:http";
import type { Logger } from "pino";
import { createThrottledLog } from "../../cluster/mod.ts";
import { breakOff, isOver } from "../../lib/transcode/mod.ts";

/** Answers a request. Rejects when it could not. */
export type Serve = (...[request, response]: Parameters<RequestListener>) => Promise<void>;

/**
 * Owns the life of every request, over HTTP/1.1 and HTTP/2 and whatever its protocol: every error of serving it ends here, in the
 * log and in an answer that is broken off. So no request, reset or late event of a connection ends the process.
 */
export function ownExchanges(serve: Serve, { log }: { readonly log: Logger }): RequestListener {
  const logError = createThrottledLog((fields) => log.error(fields, "internal error"));

  return (request, response) => {
    // A client that leaves is no error; who waits for it waits for "close".
    request.on("error", ignore);
    response.on("error", ignore);
    if (isOver(response)) return;
    serve(request, response).catch((error) => {
      // Writing to a client that has left fails in many ways.
      if (isOver(response)) return;
      logError({ err: error });
      breakOff(response);
    });
  };
}

function ignore(): void {}
