import { registerHooks } from "node:module";
import process from "node:process";
import { INTERNAL } from "./deno_internals.ts";

/** Modules by which a job could leave its thread, undo what is done here, or reach the channels of this one. */
const CLOSED_MODULES = new Set(["worker_threads", "module", "cluster", "inspector", "inspector/promises", "repl"]);

/**
 * Takes from the global scope what belongs to the executor and not to a job: its message channel, its web lock (which makes it
 * terminable), and threads of its own (which would outlive it). Permissions are denied by the process; this is about the rest.
 *
 * Answers how to set the environment variables that jobs see.
 */
export function confine(): (env: Readonly<Record<string, string>>) => void {
  for (const name of ["postMessage", "onmessage", "onmessageerror", "close", "Worker", "require"]) {
    Reflect.deleteProperty(globalThis, name);
  }
  Reflect.deleteProperty(Deno, INTERNAL);
  Object.defineProperty(Object.getPrototypeOf(navigator), "locks", { value: undefined });

  // Web programs, and Deno's, know it as a global; node's workers lack it.
  Object.assign(globalThis, { self: globalThis, close: () => Deno.exit() });

  registerHooks({
    resolve(specifier, context, nextResolve) {
      refuseClosed(specifier);
      return nextResolve(specifier, context);
    },
  });
  const getBuiltinModule = process.getBuiltinModule;
  process.getBuiltinModule = ((specifier: string) => {
    refuseClosed(specifier);
    return getBuiltinModule(specifier);
  }) as typeof getBuiltinModule;

  const environment: Record<string, string | undefined> = process.env;
  Object.defineProperty(Deno, "env", {
    value: {
      get: (name: string) => environment[name],
      has: (name: string) => name in environment,
      toObject: () => ({ ...process.env }) as Record<string, string>,
      set(name: string, value: string) {
        environment[name] = value;
      },
      delete(name: string) {
        delete environment[name];
      },
    } satisfies Deno.Env,
  });
  return (env) => {
    Object.assign(environment, env);
  };
}

function refuseClosed(specifier: string): void {
  const name = specifier.replace(/^node:/, "");
  if (CLOSED_MODULES.has(name)) throw new Error(`Cannot import "${specifier}": a job has one thread, its executor's`);
}
