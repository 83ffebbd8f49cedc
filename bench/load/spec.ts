import type { Latency } from "../latency.ts";

/** What a load generator is asked to do. Crosses to its process as JSON. */
export interface LoadSpec {
  readonly client: "http" | "grpc" | "connect" | "watch";
  /** `http://host:port` of the server. */
  readonly url: string;
  /** Path of the requests; the gRPC and Connect clients know theirs. */
  readonly path: string;
  /** The request as JSON. */
  readonly body: unknown;
  /** An answer without this text is a failure. */
  readonly expect: string;
  /** Connections, each with one call at a time. */
  readonly connections: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

/** One connection to a server. Disposing it closes the connection. */
export interface LoadClient extends Disposable {
  /** Makes one call; rejects when the answer is not the one that was expected. */
  call(): Promise<void>;
}

/** What was measured of the calls that began and ended after the warm-up. */
export interface Figures extends Latency {
  readonly connections: number;
  readonly perSecond: number;
  readonly failures: number;
  /** What the first failure said. */
  readonly firstFailure: string | undefined;
}
