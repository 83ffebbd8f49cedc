import { jobDeno } from "./job_deno.ts";
import { createJobProcess } from "./job_process.ts";
import { guardModules } from "./modules.ts";
import {
  contains,
  defineProperty,
  deleteProperty,
  getPrototypeOf,
  NativeError,
  NativeTypeError,
  ownKeys,
  preventExtensions,
  textOf,
} from "./primordials.ts";
import { LANGUAGE, NAVIGATOR, PLATFORM } from "./reach.ts";

/** What a context brings. */
interface Opened {
  /** Environment variables that jobs see. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether the context was granted any address. */
  readonly hasNetwork: boolean;
}

/**
 * Takes from the global scope all that no list in reach.ts names: threads, message channels and locks of the executor, storage, descriptors,
 * processes, and whatever the next Deno brings. Permissions are denied by the process; this is about what needs none.
 */
export function confine(): { open(opened: Opened): void } {
  let hasNetwork = false;
  const process = createJobProcess();
  const modules = guardModules({ process: process.api, hasNetwork: () => hasNetwork });
  defineProperty(process.api, "getBuiltinModule", { value: modules.getBuiltinModule });

  keepOnly(getPrototypeOf(navigator) as object, NAVIGATOR);
  keepOnly(globalThis, [...LANGUAGE, ...PLATFORM]);
  // Web programs, and Deno's, know `self` and `close` as globals; node's workers lack them.
  replace("self", globalThis);
  replace("close", () => exit());
  replace("process", process.api);
  replace("Deno", jobDeno(process.env));

  // A property of these is found on every object or array. A job that adds one, say a setter of `"0"` or a getter of `then`, would see objects
  // of the executor's and of Deno's own, and could answer for them.
  preventExtensions(Object.prototype);
  preventExtensions(Array.prototype);
  makeFunctionMethodsFinal();

  return {
    open(opened) {
      hasNetwork = opened.hasNetwork;
      Object.assign(process.env, opened.env);
    },
  };
}

const { exit } = Deno;

/**
 * Makes the methods of all functions final. Deno's own code calls `op.call(core, …)`: a job that replaces `call` would get all that Deno is made
 * of. They are accessors, so that a function can have a method of such a name all the same.
 */
function makeFunctionMethodsFinal(): void {
  const names = ["call", "apply", "bind"] as const;
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as (typeof names)[number];
    const method: unknown = Function.prototype[name];
    defineProperty(Function.prototype, name, {
      get: () => method,
      set(this: object, value: unknown) {
        if (this === Function.prototype)
          throw new NativeTypeError(`Cannot replace Function.prototype.${name}: it is final`);
        defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
      },
      enumerable: false,
      configurable: false,
    });
  }
}

function replace(name: string, value: unknown): void {
  defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
}

function keepOnly(object: object, names: readonly string[]): void {
  const all = ownKeys(object);
  for (let index = 0; index < all.length; index++) {
    const name = all[index] as PropertyKey;
    // Symbols are keys of Deno's own: without them its objects do not work.
    if (typeof name === "symbol" || contains(names, name)) continue;
    if (!deleteProperty(object, name)) throw new NativeError(`Cannot confine the executor: ${textOf(name)} stays`);
  }
}
