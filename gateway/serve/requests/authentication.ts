import { ConnectError } from "@connectrpc/connect";
import type { HttpRequest, HttpResponse } from "../../../lib/transcode/mod.ts";
import type { Caller, Gate } from "../../access/mod.ts";
import { sendRpcError } from "../responses/error_responses.ts";

/** Asks who calls when no more than the head of a request is read, and knows it for the request's life. */
export interface Authentication {
  /** Rejects as `Gate.identify`. */
  authenticate(request: HttpRequest, action: string): Promise<void>;
  callerOf(request: HttpRequest): Caller | undefined;
  /** Enters a request of Connect, gRPC, gRPC-Web or plain HTTP; false when it was refused, and has been answered so in its own protocol. */
  authenticateRpc(request: HttpRequest, response: HttpResponse): Promise<boolean>;
}

interface AuthenticationOptions {
  /** First segments, such as the full names of services, of the paths that only known callers may ask for; others pass. */
  readonly guarded: ReadonlySet<string>;
  /** What the audit log calls the methods below them: `hearth.v1.JobService/SubmitJob`. */
  readonly methods: ReadonlySet<string>;
}

export function createAuthentication(gate: Gate, { guarded, methods }: AuthenticationOptions): Authentication {
  const callers = new WeakMap<HttpRequest, Caller>();

  return { authenticate, callerOf: (request) => callers.get(request), authenticateRpc };

  async function authenticate(request: HttpRequest, action: string): Promise<void> {
    callers.set(request, await gate.identify(request, action));
  }

  async function authenticateRpc(request: HttpRequest, response: HttpResponse): Promise<boolean> {
    const [path = ""] = (request.url ?? "").slice(1).split("?", 1);
    const [segment = ""] = path.split("/", 1);
    if (!guarded.has(segment)) return true;
    try {
      // A caller may make up any name; the log has one for all of them.
      await authenticate(request, methods.has(path) ? path : `${segment} (unknown method)`);
      return true;
    } catch (error) {
      sendRpcError(request, response, ConnectError.from(error));
      return false;
    }
  }
}
