import { registerHooks } from "node:module";
import nodeProcess from "node:process";
import { refuseNativeHandles } from "./native_handles.ts";
import {
  contains,
  create,
  defineProperty,
  getOwnPropertyNames,
  hasOwn,
  indexOf,
  join,
  mapGet,
  mapSet,
  NativeBlob,
  NativeError,
  NativeMap,
  pattern,
  push,
  sequenceOf,
  slice,
  stringify,
} from "./primordials.ts";
import { NETWORK_MODULES, PARTIAL_MODULES, type PartialModule, WHOLE_MODULES } from "./reach.ts";
import { throwingFunction } from "./throwing_function.ts";

interface ModulesDeps {
  /** What `node:process` is to jobs. */
  readonly process: object;
  hasNetwork(): boolean;
}

/** Modules whose static import Deno serves by the text of the specifier, unless its resolution throws. Of others a resolution that throws is ignored. */
const SERVED_BY_NAME: readonly string[] = ["worker_threads"];

const NODE = "node:";
const IDENTIFIER = pattern(/^[A-Za-z_$][A-Za-z0-9_$]*$/);
/** By which the text of a module that is made here finds what it exports. */
const KEY = Symbol.for("hearth.getBuiltinModule");

const NO_NETWORK = "the context grants no network, see its setting permissions.net";

const { createObjectURL } = URL;
const nativeModule = nodeProcess.getBuiltinModule as (name: string) => object | undefined;

/**
 * Decides which modules a job gets, by what their specifiers resolve to: bundles and `data:` or `blob:` modules as they are, of Node's those that
 * are listed in reach.ts, nothing else.
 *
 * A module that is not given resolves to one that throws when it is evaluated; a hook that throws is not enough, since Deno then tries its own
 * modules by name. One that is given in part resolves to one that is made here.
 */
export function guardModules({ process, hasNetwork }: ModulesDeps): {
  getBuiltinModule(specifier: string): object | undefined;
} {
  const made = new NativeMap<string, object>();
  const urls = new NativeMap<string, string>();

  function moduleNamed(name: string): object | undefined {
    if (contains(WHOLE_MODULES, name)) return nativeModule(NODE + name);
    const known = mapGet(made, name);
    if (known !== undefined) return known;
    const module = makeModule(name);
    if (module !== undefined) mapSet(made, name, module);
    return module;
  }

  function makeModule(name: string): object | undefined {
    if (name === "process") return process;
    if (name === "console") return console;
    const partial = partOf(name);
    const native = partial && nativeModule(NODE + name);
    return native && reduce(native, NODE + name, partial);
  }

  function partOf(name: string): PartialModule | undefined {
    if (hasOwn(PARTIAL_MODULES, name)) return PARTIAL_MODULES[name];
    const network = hasOwn(NETWORK_MODULES, name) ? NETWORK_MODULES[name] : undefined;
    if (network === undefined) return undefined;
    if (!hasNetwork()) return { exports: network.offline ?? [], why: NO_NETWORK };
    refuseNativeHandles();
    return network;
  }

  function urlOf(resolved: string): string {
    if (indexOf(resolved, "blob:") === 0 || indexOf(resolved, "data:") === 0) return resolved;
    const name = indexOf(resolved, NODE) === 0 ? slice(resolved, NODE.length) : "";
    if (contains(WHOLE_MODULES, name)) return resolved;
    const known = mapGet(urls, resolved);
    if (known !== undefined) return known;
    const module = name === "" ? undefined : moduleNamed(name);
    const text = module === undefined ? refusalText(resolved, name) : exportText(module, name);
    const url = createObjectURL(new NativeBlob(sequenceOf([text]), { type: "text/javascript" }));
    // What cannot be imported has no number of specifiers that is bounded.
    if (name !== "" && module !== undefined) mapSet(urls, resolved, url);
    return url;
  }

  function getBuiltinModule(specifier: string): object | undefined {
    const text = `${specifier}`;
    const name = indexOf(text, NODE) === 0 ? slice(text, NODE.length) : text;
    const module = moduleNamed(name);
    if (module === undefined && nativeModule(text) !== undefined) throw new NativeError(refusalOf(text));
    return module;
  }

  defineProperty(globalThis, KEY, { value: getBuiltinModule });
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const { url } = nextResolve(specifier, context);
      if (contains(SERVED_BY_NAME, slice(`${url}`, NODE.length))) throw new NativeError(refusalOf(`${url}`));
      return { url: urlOf(`${url}`), shortCircuit: true };
    },
  });
  return { getBuiltinModule };
}

function refusalOf(specifier: string): string {
  const name = slice(specifier, 0, 200);
  return `Cannot import "${name}": a job has one thread, and only the modules that docs/jobs.md lists under "What a job has"`;
}

/** A module that exports what the native one does, so that its importer is linked, and throws when it is evaluated. */
function refusalText(resolved: string, name: string): string {
  const native = name === "" ? undefined : nativeModule(NODE + name);
  const names = native === undefined ? [] : exportNames(native);
  const lines = [`throw new Error(${stringify(refusalOf(resolved))});`];
  for (let index = 0; index < names.length; index++) push(lines, `export let ${names[index]};`);
  push(lines, "export default undefined;");
  return join(lines, "\n");
}

function exportText(module: object, name: string): string {
  const names = exportNames(module);
  const lines = [`const module = globalThis[Symbol.for("hearth.getBuiltinModule")](${stringify(name)});`];
  const list: string[] = [];
  for (let index = 0; index < names.length; index++) {
    push(lines, `const $${index} = module.${names[index]};`);
    push(list, `$${index} as ${names[index]}`);
  }
  push(lines, `export { module as default, ${join(list, ", ")} };`);
  return join(lines, "\n");
}

function exportNames(module: object): string[] {
  const names = getOwnPropertyNames(module);
  const usable: string[] = [];
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string;
    if (name !== "default" && IDENTIFIER.test(name)) push(usable, name);
  }
  return usable;
}

/** The exports that are listed, constants, and for each other function one that throws. */
function reduce(native: object, name: string, { exports, namespaces = [], replaced = {}, why }: PartialModule): object {
  const module: Record<string, unknown> = create(null);
  const names = getOwnPropertyNames(native);
  for (let index = 0; index < names.length; index++) {
    const each = names[index] as string;
    const value = (native as Record<string, unknown>)[each];
    if (hasOwn(replaced, each)) module[each] = replaced[each];
    else if (contains(exports, each)) module[each] = value;
    else if (contains(namespaces, each)) module[each] = reduce(value as object, `${name}.${each}`, { exports, why });
    else module[each] = harmless(value, each, `Cannot use ${each} of ${name}: ${why}`);
  }
  return module;
}

/** An object is left out: what it has can be anything. */
function harmless(value: unknown, name: string, message: string): unknown {
  // Libraries make one when they are loaded, and connect by it later.
  if (name === "Agent") return class Agent {};
  if (typeof value === "function") return throwingFunction(name, message);
  return typeof value === "object" ? undefined : value;
}
