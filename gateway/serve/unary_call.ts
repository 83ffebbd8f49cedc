import { Code, ConnectError } from "@connectrpc/connect";
import type { Call } from "../rpc/mod.ts";
import { clientLeft, type HttpRequest, type HttpResponse, readHeaders } from "../transcode/mod.ts";

/** A call with one request and one answer. Headers are made when they are asked for: most calls need none, and they cost microseconds. */
export class UnaryCall implements Call, Disposable {
  readonly request: HttpRequest;
  readonly #controller = new AbortController();
  readonly #deadlineMs: number | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #requestHeader: Headers | undefined;
  #responseHeader: Headers | undefined;
  #responseTrailer: Headers | undefined;

  /** `timeoutMs` is counted from now. */
  constructor(request: HttpRequest, response: HttpResponse, { timeoutMs }: { readonly timeoutMs: number | undefined }) {
    this.request = request;
    response.once("close", () => this.#abort(clientLeft));
    if (timeoutMs === undefined) return;
    this.#deadlineMs = Date.now() + timeoutMs;
    this.#timer = setTimeout(() => this.#abort(timedOut), timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get requestHeader(): Headers {
    this.#requestHeader ??= readHeaders(this.request);
    return this.#requestHeader;
  }

  get responseHeader(): Headers {
    this.#responseHeader ??= new Headers();
    return this.#responseHeader;
  }

  get responseTrailer(): Headers {
    this.#responseTrailer ??= new Headers();
    return this.#responseTrailer;
  }

  /** What the method has set; undefined: nothing. */
  get metadata(): { readonly header: Headers | undefined; readonly trailer: Headers | undefined } {
    return { header: this.#responseHeader, trailer: this.#responseTrailer };
  }

  /** Milliseconds until the deadline; undefined where there is none. */
  timeoutMs(): number | undefined {
    return this.#deadlineMs === undefined ? undefined : this.#deadlineMs - Date.now();
  }

  /** The method has ended: nothing aborts it any more. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #abort(reason: () => ConnectError): void {
    if (!this.#isOver) this.#controller.abort(reason());
  }
}

function timedOut(): ConnectError {
  return new ConnectError("the operation timed out", Code.DeadlineExceeded);
}
