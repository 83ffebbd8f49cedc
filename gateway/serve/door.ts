import { ConnectError } from "@connectrpc/connect";
import type { Caller, Gate } from "../access/mod.ts";
import type { HttpRequest, HttpResponse } from "../transcode/mod.ts";
import { refuseRpc } from "./refuse.ts";

/** Asks who calls when no more than the head of a request is read, and knows it for the request's life. */
export interface Door {
  /** Rejects as `Gate.identify`. */
  enter(request: HttpRequest, action: string): Promise<void>;
  callerOf(request: HttpRequest): Caller | undefined;
  /** Enters a request of Connect, gRPC, gRPC-Web or plain HTTP; false when it was refused, and has been answered so in its own protocol. */
  enterRpc(request: HttpRequest, response: HttpResponse): Promise<boolean>;
}

/** `guarded` holds the first segments, such as the full names of services, of the paths that only known callers may ask for; others pass. */
export function createDoor(gate: Gate, { guarded }: { readonly guarded: ReadonlySet<string> }): Door {
  const callers = new WeakMap<HttpRequest, Caller>();

  return { enter, callerOf: (request) => callers.get(request), enterRpc };

  async function enter(request: HttpRequest, action: string): Promise<void> {
    callers.set(request, await gate.identify(request, action));
  }

  async function enterRpc(request: HttpRequest, response: HttpResponse): Promise<boolean> {
    const [action = ""] = (request.url ?? "").slice(1).split("?", 1);
    const [segment = ""] = action.split("/", 1);
    if (!guarded.has(segment)) return true;
    try {
      await enter(request, action);
      return true;
    } catch (error) {
      refuseRpc(request, response, ConnectError.from(error));
      return false;
    }
  }
}
