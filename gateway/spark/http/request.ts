import { ConnectError } from "@connectrpc/connect";
import {
  HttpError,
  type HttpRequest,
  type HttpResponse,
  readBody as readWholeBody,
} from "../../../lib/transcode/mod.ts";
import { type Answer, Rejection, text } from "./answer.ts";

/** A request as endpoints see it. */
export interface SparkRequest {
  /** As it was sent, path and query. */
  readonly target: string;
  /** Decoded values of the path's variables, by their names in the route. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly contentType: string | undefined;
  /** Who calls, where callers have contexts of their own; see `own_contexts.ts`. */
  readonly owner: string | undefined;
  /** Aborted when the client left or the request took too long. */
  readonly signal: AbortSignal;
  /** When it is answered as timed out, on the clock of `performance.now()`. */
  readonly answeredByMs: number;
  /** The whole of it. */
  readonly body: Uint8Array;
}

const decoder = new TextDecoder();

/** The body as UTF-8; what is not UTF-8 becomes replacement characters, as on the JVM. */
export function bodyText({ body }: Pick<SparkRequest, "body">): string {
  return decoder.decode(body);
}

/** Path and query of a request target. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf("?");
  return mark < 0 ? { path: target, query: "" } : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** Percent-decoded segments of a path that begins with `/`; undefined when it is not well-formed. */
export function splitPath(path: string): readonly string[] | undefined {
  try {
    return path.slice(1).split("/").map(decodeURIComponent);
  } catch {
    // A URIError, which says nothing more.
    return undefined;
  }
}

/** Reads a body of at most `limitBytes`. The rest of one that is refused is thrown away as it arrives. */
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
