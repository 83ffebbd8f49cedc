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

/** The context's settings that confinement depends on. */
interface Opened {
  /** Environment variables of the jobs. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether the context was granted any address. */
  readonly hasNetwork: boolean;
}

/**
 * Removes from the global scope everything that reach.ts does not list: threads, message channels and locks of the executor, storage, descriptors,
 * processes, and additions of later Deno versions. The process denies permissions; this function removes what needs no permission.
 */
export function confine(): { open(opened: Opened): void } {
  let hasNetwork = false;
  const process = createJobProcess();
  const modules = guardModules({ process: process.api, hasNetwork: () => hasNetwork });
  defineProperty(process.api, "getBuiltinModule", { value: modules.getBuiltinModule });

  keepOnly(getPrototypeOf(navigator) as object, NAVIGATOR);
  keepOnly(globalThis, [...LANGUAGE, ...PLATFORM]);
  // Web and Deno programs expect the globals `self` and `close`, which node workers lack.
  replace("self", globalThis);
  replace("close", () => exit());
  replace("process", process.api);
  replace("Deno", jobDeno(process.env));

  // All objects and arrays inherit the properties of these prototypes. A job that adds one, such as a setter of `"0"` or a getter of `then`, would
  // receive objects of the executor and of Deno, and could return others in their place.
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
 * Makes `call`, `apply` and `bind` of Function.prototype final. Deno's own code calls `op.call(core, …)`: a job that replaces `call` would receive
 * Deno's internals. They become accessors, so that a function can still have its own method of that name.
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
    // Deno's objects need their symbol keys.
    if (typeof name === "symbol" || contains(names, name)) continue;
    if (!deleteProperty(object, name))
      throw new NativeError(`Cannot confine the executor: cannot delete ${textOf(name)}`);
  }
}
