import { EventEmitter } from "node:events";
import nodeProcess from "node:process";
import { Writable } from "node:stream";
import { defineProperty, getOwnPropertyDescriptor, ownKeys } from "./primordials.ts";
import { PROCESS } from "./reach.ts";

const { stdout, stderr, exit } = Deno;

/** The `process` object of jobs, and its environment. */
export interface JobProcess {
  readonly api: object;
  readonly env: Record<string, string | undefined>;
}

/**
 * Creates a separate object with the listed properties of node's process. Nothing emits events on it: a job that listens for
 * `uncaughtException` does not prevent its errors from being reported.
 */
export function createJobProcess(): JobProcess {
  const { env } = nodeProcess;
  addFinalEmitterMethods(nodeProcess);
  const api: object = new EventEmitter();
  for (let index = 0; index < PROCESS.length; index++) {
    const name = PROCESS[index] as keyof typeof nodeProcess;
    add(api, name, nodeProcess[name]);
  }
  add(api, "env", env);
  add(api, "argv", ["deno", "job"]);
  add(api, "execArgv", []);
  add(api, "pid", 1);
  add(api, "title", "job");
  add(api, "exitCode", undefined);
  add(api, "cwd", () => "/");
  add(api, "exit", (code?: number) => exit(code));
  addLazily(api, "stdout", () => output(stdout));
  addLazily(api, "stderr", () => output(stderr));
  return { api, env };
}

/**
 * Gives the object its own, final methods of event emitters. Node's code emits warnings on its process: a job that replaces
 * `EventEmitter.prototype.emit` would receive that process as `this`, and with it all modules, the bindings and the channel of the executor.
 * The own methods of Node's process call those of the prototype.
 */
function addFinalEmitterMethods(object: object): void {
  const names = ownKeys(EventEmitter.prototype);
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as PropertyKey;
    const value: unknown = getOwnPropertyDescriptor(EventEmitter.prototype, name)?.value;
    if (typeof value === "function" && name !== "constructor") {
      defineProperty(object, name, { value, writable: false, enumerable: false, configurable: false });
    }
  }
}

/** Output to this stream goes to the log of the process, not to the log of a job. */
function output(stream: typeof stdout): Writable {
  return new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      stream.writeSync(chunk);
      done();
    },
  });
}

function add(object: object, name: PropertyKey, value: unknown): void {
  defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

function addLazily(object: object, name: string, make: () => unknown): void {
  let made: unknown;
  defineProperty(object, name, {
    get() {
      made ??= make();
      return made;
    },
    enumerable: true,
    configurable: true,
  });
}
