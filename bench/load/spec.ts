import type { Latency } from "../latency.ts";

/** Task of a load generator, sent to its process as JSON. */
export interface LoadSpec {
  readonly client: "http" | "grpc" | "connect" | "watch";
  /** `http://host:port` of the server. */
  readonly url: string;
  /** Path of the requests. The gRPC and Connect clients ignore it. */
  readonly path: string;
  /** The request as JSON. */
  readonly body: unknown;
  /** A response without this text counts as a failure. */
  readonly expect: string;
  /** Connections, each with one call at a time. */
  readonly connections: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

/** One connection to a server. Disposing it closes the connection. */
export interface LoadClient extends Disposable {
  /** Makes one call. Rejects if the response is not the expected one. */
  call(): Promise<void>;
}

/** Figures of the calls that began and ended after the warm-up. */
export interface Figures extends Latency {
  readonly connections: number;
  readonly perSecond: number;
  readonly failures: number;
  /** Message of the first failure. */
  readonly firstFailure: string | undefined;
}
