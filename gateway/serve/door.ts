import { ConnectError } from "@connectrpc/connect";
import type { Caller, Gate } from "../access/mod.ts";
import type { HttpRequest, HttpResponse } from "../transcode/mod.ts";
import { refuseRpc } from "./refuse.ts";

/** Asks who calls when no more than the head of a request is read, and knows it for the request's life. */
export interface Door {
  /** Rejects as `Gate.identify`. */
  enter(request: HttpRequest, action: string): Promise<void>;
  callerOf(request: HttpRequest): Caller | undefined;
  /** Enters a request of Connect, gRPC or gRPC-Web; false when it was refused, and has been answered so in its own protocol. */
  enterRpc(request: HttpRequest, response: HttpResponse): Promise<boolean>;
}

/** `guarded` holds the full names of the services that only known callers may call; paths of no service pass. */
export function createDoor(gate: Gate, { guarded }: { readonly guarded: ReadonlySet<string> }): Door {
  const callers = new WeakMap<HttpRequest, Caller>();

  return { enter, callerOf: (request) => callers.get(request), enterRpc };

  async function enter(request: HttpRequest, action: string): Promise<void> {
    callers.set(request, await gate.identify(request, action));
  }

  async function enterRpc(request: HttpRequest, response: HttpResponse): Promise<boolean> {
    const [action = ""] = (request.url ?? "").slice(1).split("?", 1);
    const [service = ""] = action.split("/", 1);
    if (!guarded.has(service)) return true;
    try {
      await enter(request, action);
      return true;
    } catch (error) {
      refuseRpc(request, response, ConnectError.from(error));
      return false;
    }
  }
}
