import type { RequestListener } from "node:http";
import type { Logger } from "pino";
import { createThrottledLog } from "../../../cluster/mod.ts";
import { breakOff, isOver } from "../../../lib/transcode/mod.ts";

/** Serves a request. Rejects if it fails. */
export type Serve = (...[request, response]: Parameters<RequestListener>) => Promise<void>;

/**
 * Creates the listener for every request, over HTTP/1.1 and HTTP/2 and in any protocol. It logs every error of serving a request, and
 * aborts the response. So no request, reset or late event of a connection ends the process.
 */
export function createRequestListener(serve: Serve, { log }: { readonly log: Logger }): RequestListener {
  const logError = createThrottledLog((fields) => log.error(fields, "internal error"));

  return (request, response) => {
    // A client that leaves is not an error; "close" reports it.
    request.on("error", ignore);
    response.on("error", ignore);
    if (isOver(response)) return;
    serve(request, response).catch((error) => {
      // A write to a client that has left fails in many ways.
      if (isOver(response)) return;
      logError({ err: error });
      breakOff(response);
    });
  };
}

function ignore(): void {}
