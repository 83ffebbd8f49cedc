import { Code, ConnectError } from "@connectrpc/connect";
import { CallHeaders, clientLeft, type HttpRequest, type HttpResponse } from "../../../lib/transcode/mod.ts";
import type { Call } from "../../rpc/mod.ts";

/** A unary call. */
export class UnaryCall extends CallHeaders implements Call, Disposable {
  readonly #controller = new AbortController();
  readonly #deadlineMs: number | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #responseTrailer: Headers | undefined;

  /** `timeoutMs` counts from now. */
  constructor(request: HttpRequest, response: HttpResponse, { timeoutMs }: { readonly timeoutMs: number | undefined }) {
    super(request);
    response.once("close", () => this.#abort(clientLeft));
    if (timeoutMs === undefined) return;
    this.#deadlineMs = Date.now() + timeoutMs;
    this.#timer = setTimeout(() => this.#abort(timedOut), timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get responseTrailer(): Headers {
    this.#responseTrailer ??= new Headers();
    return this.#responseTrailer;
  }

  /** What the method has set; undefined if nothing. */
  get metadata(): { readonly header: Headers | undefined; readonly trailer: Headers | undefined } {
    return { header: this.setHeader, trailer: this.#responseTrailer };
  }

  /** Milliseconds until the deadline; undefined without one. */
  timeoutMs(): number | undefined {
    return this.#deadlineMs === undefined ? undefined : this.#deadlineMs - Date.now();
  }

  /** Marks the call as ended: nothing aborts it any more. */
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
