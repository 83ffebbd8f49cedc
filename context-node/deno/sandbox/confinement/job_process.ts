import { EventEmitter } from "node:events";
import nodeProcess from "node:process";
import { Writable } from "node:stream";
import { defineProperty, getOwnPropertyDescriptor, ownKeys } from "./primordials.ts";
import { PROCESS } from "./reach.ts";

const { stdout, stderr, exit } = Deno;

/** The `process` of jobs, and the environment that it shows. */
export interface JobProcess {
  readonly api: object;
  readonly env: Record<string, string | undefined>;
}

/**
 * An object of its own: it shares with node's what is listed. Its events are nobody's: a job that listens for `uncaughtException` does not
 * keep its errors from being reported.
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
 * Gives the object methods of event emitters of its own, which are final. Node's code emits warnings on its process: a job that replaces
 * `EventEmitter.prototype.emit` would get that process as `this`, and with it all modules, the bindings and the channel of the executor.
 * The methods that Node's process has for itself call those of the prototype.
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

/** What is written there is text of the process's own log: of no job, and no message to anybody. */
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
