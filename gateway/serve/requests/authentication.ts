import { ConnectError } from "@connectrpc/connect";
import type { HttpRequest, HttpResponse } from "../../../lib/transcode/mod.ts";
import type { AccessControl, Caller } from "../../access/mod.ts";
import { sendRpcError } from "../responses/error_responses.ts";

/** Authenticates callers by the head of the request, and remembers them for the life of the request. */
export interface Authentication {
  /** Rejects as `AccessControl.identify` does. */
  authenticate(request: HttpRequest, action: string): Promise<void>;
  callerOf(request: HttpRequest): Caller | undefined;
  /**
   * Authenticates a request of Connect, gRPC, gRPC-Web or plain HTTP. Resolves to false if it was rejected; the error response is sent
   * then, in the protocol of the request.
   */
  authenticateRpc(request: HttpRequest, response: HttpResponse): Promise<boolean>;
}

interface AuthenticationOptions {
  /** First path segments, such as the full names of services, that require an authenticated caller. Other paths pass. */
  readonly guarded: ReadonlySet<string>;
  /** Names of the methods in the audit log: `hearth.v1.JobService/SubmitJob`. */
  readonly methods: ReadonlySet<string>;
}

export function createAuthentication(
  accessControl: AccessControl,
  { guarded, methods }: AuthenticationOptions,
): Authentication {
  const callers = new WeakMap<HttpRequest, Caller>();

  return { authenticate, callerOf: (request) => callers.get(request), authenticateRpc };

  async function authenticate(request: HttpRequest, action: string): Promise<void> {
    callers.set(request, await accessControl.identify(request, action));
  }

  async function authenticateRpc(request: HttpRequest, response: HttpResponse): Promise<boolean> {
    const [path = ""] = (request.url ?? "").slice(1).split("?", 1);
    const [segment = ""] = path.split("/", 1);
    if (!guarded.has(segment)) return true;
    try {
      // Callers may invent names; the log uses one for all unknown methods.
      await authenticate(request, methods.has(path) ? path : `${segment} (unknown method)`);
      return true;
    } catch (error) {
      sendRpcError(request, response, ConnectError.from(error));
      return false;
    }
  }
}
