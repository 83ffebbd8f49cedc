import type { EventEmitter } from "node:events";
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { constants, type Http2ServerRequest } from "node:http2";
import type { ConnectError } from "@connectrpc/connect";
import { clientLeft, deadlineExceeded, invalidArgument, masked } from "./errors.ts";

/** Maximum delay of setTimeout, in milliseconds: nearly 25 days. Longer ones fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export type HttpRequest = IncomingMessage | Http2ServerRequest;

/** The common interface of ServerResponse (node:http) and Http2ServerResponse. */
export interface HttpResponse extends EventEmitter {
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  readonly writableNeedDrain: boolean;
  readonly destroyed?: boolean;
  appendHeader(name: string, value: string): unknown;
  writeContinue(): unknown;
  writeHead(status: number, headers: OutgoingHttpHeaders): unknown;
  /** Sends the head, which otherwise waits for the first write. */
  flushHeaders?(): void;
  write(chunk: string | Uint8Array): boolean;
  addTrailers(trailers: OutgoingHttpHeaders): unknown;
  end(chunk?: string | Uint8Array): unknown;
  /** HTTP/1. */
  destroy(): unknown;
  /** HTTP/2. */
  readonly stream?: {
    readonly closed: boolean;
    readonly destroyed: boolean;
    close(code: number): void;
    pause(): unknown;
    once(event: "close" | "finish", listener: () => void): unknown;
    destroy(): unknown;
    respond(headers: OutgoingHttpHeaders, options: { endStream: boolean }): void;
  };
}

/**
 * Whether writes no longer reach the client. An HTTP/2 stream that was reset is closed before it is destroyed; sending its head in between
 * throws.
 */
export function isOver({ stream, destroyed = false }: HttpResponse): boolean {
  return stream === undefined ? destroyed : stream.closed || stream.destroyed;
}

/** Aborts a response, so that the client does not consider it complete. */
export function breakOff(response: HttpResponse): void {
  const { stream } = response;
  if (stream === undefined) {
    response.destroy();
    return;
  }
  stream.close(constants.NGHTTP2_INTERNAL_ERROR);
}

/** The context of a call. */
export interface CallContext {
  readonly request: HttpRequest;
  /** Aborted, with a ConnectError, when the client leaves or `connect-timeout-ms` has passed. */
  readonly signal: AbortSignal;
  readonly requestHeader: Headers;
  /** Headers of the response; for a stream, as set before the first message. */
  readonly responseHeader: Headers;
}

/** The headers of a call, created on demand: most calls need none, and they cost microseconds. */
export class CallHeaders {
  readonly request: HttpRequest;
  #requestHeader: Headers | undefined;
  #responseHeader: Headers | undefined;

  constructor(request: HttpRequest) {
    this.request = request;
  }

  get requestHeader(): Headers {
    this.#requestHeader ??= readHeaders(this.request);
    return this.#requestHeader;
  }

  get responseHeader(): Headers {
    this.#responseHeader ??= new Headers();
    return this.#responseHeader;
  }

  /** The headers that the method has set; undefined if none. */
  protected get setHeader(): Headers | undefined {
    return this.#responseHeader;
  }
}

/** The life of an HTTP exchange. */
export class Call extends CallHeaders implements CallContext, Disposable {
  readonly response: HttpResponse;
  readonly #controller = new AbortController();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(request: HttpRequest, response: HttpResponse) {
    super(request);
    this.response = response;
    const leave = () => {
      if (!response.writableEnded) {
        this.#controller.abort(clientLeft());
      }
    };
    response.on("close", leave);
    response.on("error", leave);
    if (isOver(response)) {
      leave();
    }
  }

  /** Whether writes no longer reach the client. */
  get closed(): boolean {
    return isOver(this.response);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Copies the headers that the method has set to the response. */
  copyHeaders(): void {
    if (this.setHeader !== undefined) {
      appendHeaders(this.response, this.setHeader);
    }
  }

  cut(): void {
    breakOff(this.response);
  }

  abort(reason: ConnectError): void {
    this.#controller.abort(reason);
  }

  /** Starts the timer of `connect-timeout-ms`; throws InvalidArgument if the value is not a number of milliseconds. */
  startDeadline(): void {
    const timeout = this.request.headers["connect-timeout-ms"];
    if (timeout === undefined) {
      return;
    }
    if (typeof timeout !== "string" || !/^\d{1,10}$/.test(timeout)) {
      throw invalidArgument(`Cannot read header connect-timeout-ms: "${timeout}" is not a number of milliseconds`);
    }
    const timeoutMs = Number(timeout);
    this.#abortAfter(timeoutMs, deadlineExceeded(timeoutMs));
  }

  /** Restarts the timer while the remaining time exceeds its maximum. */
  #abortAfter(delayMs: number, reason: ConnectError): void {
    const stepMs = Math.min(delayMs, LONGEST_DELAY_MS);
    this.after(stepMs, () => (stepMs < delayMs ? this.#abortAfter(delayMs - stepMs, reason) : this.abort(reason)));
  }

  /** Calls a function later, unless the call ends before. If it throws, the call ends. */
  after(delayMs: number, act: () => void): NodeJS.Timeout {
    return this.#own(setTimeout(() => this.#guard(act), delayMs));
  }

  /** Calls a function repeatedly until the call ends. If it throws, the call ends. */
  every(intervalMs: number, act: () => void): NodeJS.Timeout {
    return this.#own(setInterval(() => this.#guard(act), intervalMs));
  }

  #own(timer: NodeJS.Timeout): NodeJS.Timeout {
    this.#timers.add(timer);
    return timer;
  }

  /** Nothing catches an error that is thrown in a timer. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.abort(masked(error));
      this.cut();
    }
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) {
      clearTimeout(timer);
    }
  }
}

export function appendHeaders(response: HttpResponse, headers: Headers): void {
  for (const [name, value] of headers) {
    response.appendHeader(name, value);
  }
}

/** The headers of a request, without the pseudo-headers of HTTP/2. */
export function readHeaders(request: HttpRequest): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(request.headers)) {
    // HTTP/2 includes pseudo-headers.
    if (values === undefined || name.startsWith(":")) {
      continue;
    }
    for (const value of Array.isArray(values) ? values : [values]) {
      headers.append(name, value);
    }
  }
  return headers;
}
