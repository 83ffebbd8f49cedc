import nodeProcess from "node:process";
import { defineProperty } from "./primordials.ts";
import { refused } from "./refusal.ts";

/** Native handles that adopt any descriptor of the process, by the bindings that have them. */
const HANDLES: readonly (readonly [binding: string, handle: string])[] = [
  ["tcp_wrap", "TCP"],
  ["pipe_wrap", "Pipe"],
  ["udp_wrap", "UDP"],
];

type Bindings = (name: string) => Readonly<Record<string, { readonly prototype: object }>>;
const { binding } = nodeProcess as unknown as { binding: Bindings };
let isDone = false;

/**
 * Takes from the handles of node's sockets what opens a descriptor: `new net.Socket({ fd })` uses it, and a handle can be reached from every
 * socket. It has to happen before a job gets a socket.
 */
export function refuseDescriptors(): void {
  if (isDone) return;
  isDone = true;
  for (let index = 0; index < HANDLES.length; index++) {
    const [from, name] = HANDLES[index] as readonly [string, string];
    const prototype = binding(from)[name]?.prototype;
    if (prototype === undefined) continue;
    for (let each = 0; each < OPENERS.length; each++) {
      const method = OPENERS[each] as string;
      if (!(method in prototype)) continue;
      const value = refused(method, "Cannot open a descriptor: a job has none");
      defineProperty(prototype, method, { value, writable: false, configurable: false });
    }
  }
}

const OPENERS: readonly string[] = ["open", "openFromRid", "fdForIpc", "socketTypeForIpc", "fchmod"];
