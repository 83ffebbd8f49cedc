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
  /** The object that jobs import as `node:process`. */
  readonly process: object;
  hasNetwork(): boolean;
}

/** Modules whose static import Deno resolves by the specifier's text, unless the hook throws. For other modules Deno ignores a hook that throws. */
const SERVED_BY_NAME: readonly string[] = ["worker_threads"];

const NODE = "node:";
const IDENTIFIER = pattern(/^[A-Za-z_$][A-Za-z0-9_$]*$/);
/** Under this key, the source of a generated module finds the values that it exports. */
const KEY = Symbol.for("hearth.getBuiltinModule");

const NO_NETWORK = "the context grants no network, see its setting permissions.net";

const { createObjectURL } = URL;
const nativeModule = nodeProcess.getBuiltinModule as (name: string) => object | undefined;

/**
 * Decides which modules a job can import, by what their specifiers resolve to: bundles and other `data:` or `blob:` modules, and the modules of Node
 * that reach.ts lists.
 *
 * Any other module resolves to a generated one that throws when it is evaluated; a hook that throws is not enough, because Deno then tries its own
 * modules by name. A partial module resolves to a generated one with the listed exports.
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
    return native && restrictModule(native, NODE + name, partial);
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
    // Refused specifiers are not cached: their number is unbounded.
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

/** Source of a module with the exports of the native one, so that importers link, that throws when it is evaluated. */
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

/** Creates a module with the listed exports, the constants, and a throwing function for each other function. */
function restrictModule(
  native: object,
  name: string,
  { exports, namespaces = [], replaced = {}, why }: PartialModule,
): object {
  const module: Record<string, unknown> = create(null);
  const names = getOwnPropertyNames(native);
  for (let index = 0; index < names.length; index++) {
    const each = names[index] as string;
    const value = (native as Record<string, unknown>)[each];
    if (hasOwn(replaced, each)) module[each] = replaced[each];
    else if (contains(exports, each)) module[each] = value;
    else if (contains(namespaces, each))
      module[each] = restrictModule(value as object, `${name}.${each}`, { exports, why });
    else module[each] = restrictedValue(value, each, `Cannot use ${each} of ${name}: ${why}`);
  }
  return module;
}

/** Omits objects, because their properties can be anything. */
function restrictedValue(value: unknown, name: string, message: string): unknown {
  // Libraries create an Agent when they are loaded, and use it only to connect.
  if (name === "Agent") return class Agent {};
  if (typeof value === "function") return throwingFunction(name, message);
  return typeof value === "object" ? undefined : value;
}
