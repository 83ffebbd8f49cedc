import type { HttpRequest } from "../../transcode/mod.ts";
import { Rejection, text } from "./answer.ts";

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

/** Path and query of a request target, which may be a whole URL (RFC 9112, section 3.2.2). */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const relative = target.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?]*/, "");
  const mark = relative.indexOf("?");
  return mark < 0 ? { path: relative, query: "" } : { path: relative.slice(0, mark), query: relative.slice(mark + 1) };
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

/** Reads a body of at most `limitBytes`; the rest of a larger one is thrown away as it comes. */
export async function readBody(request: HttpRequest, limitBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) {
      request.resume();
      throw new Rejection(text(413, `Request entity too large: it has more than ${limitBytes} bytes.`));
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
