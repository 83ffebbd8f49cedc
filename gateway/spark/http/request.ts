import { ConnectError } from "@connectrpc/connect";
import {
  HttpError,
  type HttpRequest,
  type HttpResponse,
  readBody as readWholeBody,
} from "../../../lib/transcode/mod.ts";
import { type Answer, Rejection, text } from "./answer.ts";

/** A request as endpoints receive it. */
export interface SparkRequest {
  /** Path and query as sent. */
  readonly target: string;
  /** Decoded path variables by their names in the route. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly contentType: string | undefined;
  /** The caller, where callers have contexts of their own; see `own_contexts.ts`. */
  readonly owner: string | undefined;
  /** Aborted when the client disconnects or the time limit passes. */
  readonly signal: AbortSignal;
  /** Deadline of the response, in milliseconds of `performance.now()`. */
  readonly answeredByMs: number;
  /** The whole body. */
  readonly body: Uint8Array;
}

const decoder = new TextDecoder();

/** Decodes the body as UTF-8. Invalid bytes become replacement characters, as on the JVM. */
export function bodyText({ body }: Pick<SparkRequest, "body">): string {
  return decoder.decode(body);
}

/** Path and query of a request target. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf("?");
  return mark < 0 ? { path: target, query: "" } : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** Percent-decoded segments of a path that begins with `/`. Undefined when the path is malformed. */
export function splitPath(path: string): readonly string[] | undefined {
  try {
    return path.slice(1).split("/").map(decodeURIComponent);
  } catch {
    // A URIError carries no further information.
    return undefined;
  }
}

/** Reads a body of at most `limitBytes`. Discards the rest of a larger one as it arrives. */
export async function readBody(
  request: HttpRequest,
  response: HttpResponse,
  { limitBytes }: { readonly limitBytes: number },
): Promise<Uint8Array> {
  try {
    return await readWholeBody(request, response, { bytes: limitBytes });
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    throw new Rejection(refuseBody(error, limitBytes));
  }
}

function refuseBody(error: ConnectError, limitBytes: number): Answer {
  const status = error instanceof HttpError ? error.status : 400;
  if (status === 413) return text(413, `Request entity too large: it has more than ${limitBytes} bytes.`);
  return text(status, error.rawMessage, Object.fromEntries(error.metadata));
}
