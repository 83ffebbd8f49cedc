import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Runtime, Sandbox } from "../../runtime/mod.ts";
import { bundle, outcomeOf, resultOf, run, startSandbox, startTestRuntime } from "../testing/mod.ts";

const THIS_FILE = JSON.stringify(fileURLToPath(import.meta.url));

let runtime: Runtime;
let sandbox: Sandbox;
beforeAll(async () => {
  runtime = await startTestRuntime();
  sandbox = await startSandbox(runtime);
});
afterAll(() => runtime[Symbol.asyncDispose]());

const FILES = /^NotCapable: Cannot use Deno\.\w+: a job has no file system/;
const LISTED = /Cannot import .*: a job has one thread, and only the modules that docs\/jobs\.md lists/;

test.for<[string, string, RegExp]>([
  ["read a file", `await Deno.readTextFile(${THIS_FILE});`, FILES],
  ["read a file through node", `(await import("node:fs")).readFileSync(${THIS_FILE});`, /a job has no file system/],
  [
    "read one through promises",
    `(await import("node:fs")).promises.readFile(${THIS_FILE});`,
    /a job has no file system/,
  ],
  ["list a directory", `for await (const entry of Deno.readDir("/")) return entry;`, FILES],
  ["write a file", `await Deno.writeTextFile("/tmp/hearth-never", "x");`, FILES],
  ["call a server", `await fetch("http://127.0.0.1:1234/");`, /^NotCapable: Requires net access/],
  ["connect a socket", "await Deno.connect({ port: 9 });", /^NotCapable: Requires net access/],
  ["connect one through node", `(await import("node:net")).connect(9);`, /the context grants no network/],
  ["listen on a port", "Deno.listen({ port: 0 });", /^NotCapable: Cannot use Deno.listen: a job does not listen/],
  ["start a process", `new Deno.Command("/bin/ls").outputSync();`, /^NotCapable: Cannot use Deno.Command/],
  ["start one through node", `(await import("node:child_process")).spawn("/bin/ls");`, /a job starts no processes/],
  ["load a native library", `Deno.dlopen("libc.so.6", {});`, /^NotCapable: Cannot use Deno.dlopen/],
  ["read what the system is", "return Deno.hostname();", /^NotCapable: Cannot use Deno.hostname/],
  ["signal its process", `Deno.kill(1, "SIGTERM");`, /^NotCapable: Cannot use Deno.kill/],
  ["signal one through node", `process.kill(1, "SIGTERM");`, /process.kill is not a function/],
  ["import a file", `await import("file://" + ${THIS_FILE});`, LISTED],
  [
    "import a file statically",
    `await import(moduleOf("import 'file://" + ${THIS_FILE} + "'"));`,
    /Requires read access|Cannot import/,
  ],
  ["require a file", `require(${THIS_FILE});`, /not defined|not supported/],
  ["import from a server", `await import("https://example.com/x.js");`, LISTED],
  ["import an npm package", `await import("npm:left-pad");`, LISTED],
  ["import what Deno is made of", `await import("ext:core/mod.js");`, LISTED],
  ["ask for a permission", `await Deno.permissions.request({ name: "read" });`, /undefined/],
  ["start a worker", `new Worker("data:text/javascript,");`, /Worker is not defined/],
  ["undo the rules for modules", `(await import("node:module")).registerHooks({});`, LISTED],
  ["send on the channel of the process", `process.send("forged");`, /process.send is not a function/],
  ["post to the main isolate", "postMessage({ forNode: [], forMain: [] });", /postMessage is not defined/],
  ["find the lock of its executor", "await navigator.locks.query();", /undefined/],
  ["reach what Deno keeps to itself", "Deno[Deno.internal].core.close(0);", /undefined/],
  ["find node's native bindings", `process.binding("pipe_wrap");`, /process.binding is not a function/],
  ["keep anything on the node's disk", `await caches.open("x");`, /caches is not defined/],
  ["use the GPU", "await navigator.gpu.requestAdapter();", /undefined/],
  ["talk to other executors", `new BroadcastChannel("x");`, /BroadcastChannel is not defined/],
  ["watch what its executor does", `(await import("node:async_hooks")).createHook({});`, /does not watch/],
  ["change the engine", `(await import("node:v8")).setFlagsFromString("--allow-natives-syntax");`, /does not change/],
  ["make a realm of its own", `(await import("node:vm")).runInNewContext("1");`, /one global scope/],
  ["give every object a property", "Object.prototype.then = 1;", /object is not extensible/],
  ["replace a method of all functions", "Function.prototype.call = () => {};", /Function.prototype.call: it is final/],
  ["give every array a property", "Array.prototype[0] = 1;", /object is not extensible/],
  [
    "change the settings of its context",
    "context.settings.a = 1;",
    /object is not extensible|Cannot assign to read only property/,
  ],
  [
    "read or revoke the program of executors",
    `const urls = (await new Promise((resolve) => Promise.resolve().then(() => resolve(new Error().stack)))
       + await objects.getOrElseCreate("s", () => new Error().stack)).match(/blob:null.[-0-9a-f]+/g);
     const texts = [];
     for (const url of urls) { try { texts.push(await (await fetch(url)).text()); } catch {} }
     if (texts.length > 0) return texts.map((text) => text.slice(0, 80));
     throw new Error(urls.length + " urls, none can be read");`,
    /[1-9] urls, none can be read/,
  ],
  [
    "end the process of its context by an API behind a flag",
    `await Deno.connect({ transport: "vsock", cid: 1, port: 1 });`,
    /jobs connect by "tcp"/,
  ],
  ["replace what other jobs are given", "objects.get = () => {};", /Cannot assign to read only property/],
])("a job cannot %s", async ([, body, expected]) => {
  const source = `const moduleOf = (code) => URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    export async function job({ context, objects }) { ${body} }`;
  const outcome = await outcomeOf(sandbox, source);
  if (outcome.type !== "failed") throw new Error(`It could: ${JSON.stringify(outcome)}`);
  expect(`${outcome.error.name}: ${outcome.error.message}`).toMatch(expected);
});

test("a job cannot hear or speak for another job of its executor", async () => {
  await using shared = await startSandbox(runtime, { jobsPerExecutor: 2 });
  const program = await bundle(`
    const heard = [];
    globalThis.addEventListener("message", (event) => heard.push(event.data));
    MessagePort.prototype.postMessage = function (message) { heard.push(message); };
    const release = Promise.withResolvers();
    export const spy = async () => { await release.promise; return heard; };
    export const quiet = async ({ progress, log }) => { progress(0.5); log.info("x"); setTimeout(release.resolve, 1); };
  `);
  const spy = run(shared, program, { entryPoint: "spy" });
  await spy.until("running");
  await run(shared, program, { entryPoint: "quiet" }).outcome;
  expect(await spy.outcome).toEqual({ type: "succeeded", json: "[]" });
});

test("patches of globals do not change what is reported of other jobs", async () => {
  await using other = await startSandbox(runtime);
  const patch = `JSON.stringify = () => "forged"; JSON.parse = () => ({ forged: true });
    globalThis.queueMicrotask = globalThis.setTimeout = () => {};
    MessagePort.prototype.postMessage = () => {};
    globalThis.console.log = () => {}; export const job = () => 1;`;
  expect(await resultOf(other, patch)).toBe(1);
  expect(await resultOf(other, "export const job = ({ config }) => config;", { config: { a: 1 } })).toEqual({ a: 1 });
});

test("a context connects to the addresses that it was granted, and to no others", async () => {
  await using servers = new AsyncDisposableStack();
  const listen = async (): Promise<string> => {
    const server = createServer((_, response) => response.end("hello"));
    servers.defer(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    return typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : "";
  };
  const [granted, denied] = [await listen(), await listen()];
  await using open = await startSandbox(runtime, { permissions: { net: [granted], secrets: [] } });
  const source = `export const job = async ({ config }) => (await fetch("http://" + config.address)).text();`;
  expect(await resultOf(open, source, { config: { address: granted } })).toBe("hello");
  expect(await outcomeOf(open, source, { config: { address: denied } })).toMatchObject({
    type: "failed",
    error: { name: "NotCapable" },
  });
  const elsewhere = `export const job = () => Deno.readTextFileSync(${THIS_FILE});`;
  expect(await outcomeOf(open, elsewhere)).toMatchObject({ type: "failed", error: { name: "NotCapable" } });
});

test("dates are in the time zone of the context", async () => {
  await using other = await startSandbox(runtime, { env: { TZ: "Asia/Tokyo" } });
  expect(await resultOf(other, "export const job = () => new Date(0).getHours();")).toBe(9);
});

const FIND_LISTENERS = `const data = Object.getOwnPropertySymbols(globalThis).map((key) => [key, globalThis[key]]).find(([, value]) => value?.listeners);`;
const RAISE = `setTimeout(() => { throw new Error("nobody caught it"); }); await new Promise(() => {});`;

test.for([
  ["takes them away", "data[1].listeners.error.length = 0;"],
  ["replaces them", "data[1].listeners.error = [];"],
  ["replaces one", "data[1].listeners.error[0].callback = () => {};"],
  ["replaces all", "globalThis[data[0]] = { listeners: {} };"],
  [
    "adds one before",
    `EventTarget.prototype.addEventListener.call(globalThis, "error", (event) => event.stopImmediatePropagation(), true);`,
  ],
])("a job that reaches the listeners of its executor, and %s, has no effect on its errors", async ([, attempt]) => {
  const source = `export const job = async () => { ${FIND_LISTENERS} try { ${attempt} } catch {} ${RAISE} };`;
  await using sandbox = await startSandbox(runtime);
  expect(await outcomeOf(sandbox, source)).toMatchObject({
    type: "failed",
    error: { name: "Error", message: "nobody caught it", stack: expect.stringContaining("at ") },
  });
});

test("a long error that gets past an executor ends the executor alone", async () => {
  const source = `export const job = async () => {
    Object.defineProperty(Event.prototype, "cancelBubble", { get: () => true });
    setTimeout(() => { throw Object.assign(new Error("m".repeat(100_000)), { name: "n".repeat(100_000) }); });
    await new Promise(() => {});
  };`;
  await using sandbox = await startSandbox(runtime);
  expect(await outcomeOf(sandbox, source)).toMatchObject({ type: "failed" });
  expect(await resultOf(sandbox, "export const job = () => 'next';")).toBe("next");
});

test.for([
  ["emits a warning", `process.emitWarning("a warning");`],
  ["has Node emit one", `(await import("node:util")).deprecate(() => {}, "old", "DEP1")();`],
])(
  "a job that replaces the methods of event emitters, and %s, does not get the process of its executor",
  async ([, act]) => {
    const source = `import { EventEmitter } from "node:events";
  export const job = async () => {
    const seen = new Set();
    for (const prototype of [EventEmitter.prototype, Object.prototype]) {
      for (const name of Object.getOwnPropertyNames(prototype)) {
        const { value } = Object.getOwnPropertyDescriptor(prototype, name);
        if (typeof value !== "function" || name === "constructor") continue;
        prototype[name] = function (...args) { seen.add(this); return Reflect.apply(value, this, args); };
      }
    }
    ${act}
    await new Promise((resolve) => setTimeout(resolve, 50));
    return [...seen].filter((each) => each !== process && typeof each?.getBuiltinModule === "function").length;
  };`;
    await using sandbox = await startSandbox(runtime);
    expect(await resultOf(sandbox, source)).toBe(0);
  },
);

test.each(["call", "apply", "bind"])(
  "a job that replaces Function.prototype.%s gets nothing of what Deno is made of",
  async (name) => {
    const source = `export const job = async () => {
    const native = Function.prototype["${name}"];
    const seen = [];
    const spy = function (...args) { seen.push(...args); return Reflect.apply(native, this, args); };
    try { Object.defineProperty(Function.prototype, "${name}", { value: spy }); } catch {}
    try { Function.prototype["${name}"] = spy; } catch {}
    await Deno.stdout.write(new Uint8Array([10]));
    return seen.filter((each) => each?.ops !== undefined).length;
  };`;
    await using sandbox = await startSandbox(runtime);
    expect(await resultOf(sandbox, source)).toBe(0);
  },
);

test("a function of a job can have methods of its own that are named as those of all functions", async () => {
  const source = `export const job = () => {
    const one = () => 1;
    one.call = () => "own";
    return [one.call(), Object.keys(one), (() => 2).call()];
  };`;
  await using sandbox = await startSandbox(runtime);
  expect(await resultOf(sandbox, source)).toEqual(["own", ["call"], 2]);
});
