import nodeProcess from "node:process";
import { defineProperty } from "./primordials.ts";
import { throwingFunction } from "./throwing_function.ts";

/** Native handles that adopt any descriptor of the process, and listen without a permission, by the bindings that have them. */
const HANDLES: readonly (readonly [binding: string, handle: string])[] = [
  ["tcp_wrap", "TCP"],
  ["pipe_wrap", "Pipe"],
  ["udp_wrap", "UDP"],
];

type Bindings = (name: string) => Readonly<Record<string, { readonly prototype: object }>>;
const { binding } = nodeProcess as unknown as { binding: Bindings };
let isDone = false;

/**
 * Takes from the handles of node's sockets what opens a descriptor or listens: `new net.Socket({ fd })` uses it, and a handle can be reached
 * from every socket. Deno asks for a permission where an address is bound, and a handle that listens without one gets any port of all addresses.
 * It has to happen before a job gets a socket.
 */
export function refuseNativeHandles(): void {
  if (isDone) return;
  isDone = true;
  for (let index = 0; index < HANDLES.length; index++) {
    const [from, name] = HANDLES[index] as readonly [string, string];
    const prototype = binding(from)[name]?.prototype;
    if (prototype === undefined) continue;
    refuse(prototype, OPENERS, "Cannot open a descriptor: a job has none");
    refuse(prototype, LISTENERS, "Cannot listen: a job does not listen on the network");
  }
}

function refuse(prototype: object, methods: readonly string[], message: string): void {
  for (let index = 0; index < methods.length; index++) {
    const method = methods[index] as string;
    if (!(method in prototype)) continue;
    defineProperty(prototype, method, {
      value: throwingFunction(method, message),
      writable: false,
      configurable: false,
    });
  }
}

const OPENERS: readonly string[] = ["open", "openFromRid", "fdForIpc", "socketTypeForIpc", "fchmod"];
const LISTENERS: readonly string[] = ["listen", "accept"];
