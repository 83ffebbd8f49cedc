import { createServer } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Runtime, Sandbox } from "../../runtime/mod.ts";
import { bundle, outcomeOf, resultOf, run, startSandbox, startTestRuntime } from "../testing/mod.ts";

let runtime: Runtime;
let sandbox: Sandbox;
beforeAll(async () => {
  runtime = await startTestRuntime();
  sandbox = await startSandbox(runtime);
});
afterAll(() => runtime[Symbol.asyncDispose]());

const REFUSED = ["worker_threads", "module", "inspector", "cluster", "sqlite", "_http_agent"];

/** Every way to write the specifier of a module: `fs` as `node:fs`. */
const SPELLINGS: readonly ((name: string) => string)[] = [
  (name) => `node:${name}`,
  (name) => `NODE:${name}`,
  (name) => `Node:${name}`,
  (name) => ` node:${name}`,
  (name) => `node:${name} `,
  (name) => `\u0000node:${name}`,
  (name) => `no\tde:${name}`,
  (name) => `node:${name.slice(0, 3)}\n${name.slice(3)}`,
  (name) => `node:${name}/`,
  (name) => `node:${name}?x`,
  (name) => `node:${name}#x`,
  (name) => `node:/${name}`,
  (name) => `node://${name}`,
  (name) => `node:./${name}`,
  (name) => `node:%${name.charCodeAt(0).toString(16)}${name.slice(1)}`,
  (name) => `node:node:${name}`,
  (name) => name,
];

/** Every way to import one. */
const WAYS = `
  const moduleOf = (code) => URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const quote = JSON.stringify;
  // As text, the module that refuses is itself what is imported.
  const moduleButRefusal = ({ default: it }) => {
    const text = typeof it === "string" ? it : new TextDecoder().decode(it);
    if (text.startsWith("throw new Error")) throw new Error("refused");
    return it;
  };
  const ways = {
    dynamic: (s) => import(s),
    evaluated: (s) => (0, eval)("import(" + quote(s) + ")"),
    constructed: (s) => new Function("return import(" + quote(s) + ")")(),
    static: (s) => import(moduleOf("import * as it from " + quote(s) + "; export { it }")),
    named: (s) => import(moduleOf("export { default as it } from " + quote(s))),
    nested: (s) => import(moduleOf("export * from " + quote(moduleOf("import it from " + quote(s) + "; export { it }")))),
    data: (s) => import("data:text/javascript," + encodeURIComponent("import it from " + quote(s) + "; export { it }")),
    commonjs: (s) => import("data:application/node," + encodeURIComponent("import it from " + quote(s) + "; export { it }")),
    cjs: (s) => import(moduleOf("import it from " + quote(s) + "; export { it }") + "#/x.cjs"),
    dataInData: (s) => import("data:text/javascript," + encodeURIComponent("export * from " + quote("data:text/javascript," + encodeURIComponent("import it from " + quote(s) + "; export { it }")))),
    typescript: (s) => import("data:application/typescript," + encodeURIComponent("import it from " + quote(s) + "; export { it }")),
    deferred: async (s) => { const { it } = await import(moduleOf("import defer * as it from " + quote(s) + "; export { it }")); return Object.keys(it); },
    wasm: (s) => {
      const name = new TextEncoder().encode(s);
      const section = [1, name.length, ...name, 1, 120, 3, 127, 0];
      const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 2, section.length, ...section]);
      return import("data:application/wasm;base64," + bytes.toBase64());
    },
    json: (s) => import(s, { with: { type: "json" } }),
    text: async (s) => moduleButRefusal(await import(s, { with: { type: "text" } })),
    bytes: async (s) => moduleButRefusal(await import(s, { with: { type: "bytes" } })),
    attribute: (s) => import(moduleOf("import it from " + quote(s) + " with { type: 'javascript' }; export { it }")),
    timer: (s) => new Promise((resolve, reject) => setTimeout(() => import(s).then(resolve, reject))),
    builtin: async (s) => { const it = process.getBuiltinModule(s); if (it === undefined) throw new Error("undefined"); return it; },
  };`;

const TRY_ALL = `${WAYS}
  export async function job({ config }) {
    const reached = [];
    let refused = 0;
    for (const specifier of config.specifiers) {
      for (const [way, load] of Object.entries(ways)) {
        try { await load(specifier); reached.push(way + " " + quote(specifier)); }
        catch { refused += 1; }
      }
    }
    return { reached, refused };
  }`;

test.for(REFUSED)("node:%s is refused, however it is written and imported", async (name) => {
  const specifiers = SPELLINGS.slice(0, name === "worker_threads" ? undefined : 3).map((spell) => spell(name));
  const { reached, refused } = (await resultOf(sandbox, TRY_ALL, { config: { specifiers } })) as {
    reached: string[];
    refused: number;
  };
  expect(reached).toEqual([]);
  expect(refused).toBe(specifiers.length * 19);
});

const EXTENSIONS = ["ext:core/mod.js", "ext:deno_web/02_event.js", "ext:core/ops"];

test("no module that Deno is made of is given", async () => {
  const { reached } = (await resultOf(sandbox, TRY_ALL, { config: { specifiers: EXTENSIONS } })) as {
    reached: string[];
  };
  expect(reached).toEqual([]);
});

test.for([
  ["Set.prototype.has", "Set.prototype.has = () => true;"],
  ["Map.prototype.get", "Map.prototype.get = () => undefined;"],
  ["Array.prototype.includes", "Array.prototype.includes = Array.prototype.some = () => true;"],
  ["Array.prototype.push", "Array.prototype.push = function () { return 0; };"],
  ["Array.prototype.indexOf", "Array.prototype.indexOf = () => 0;"],
  [
    "the methods of strings",
    "for (const name of ['indexOf', 'slice', 'startsWith', 'replace']) String.prototype[name] = () => 'path';",
  ],
  ["RegExp.prototype.exec", "RegExp.prototype.exec = () => null; RegExp.prototype.test = () => true;"],
  [
    "Function.prototype.call",
    "try { Function.prototype.call = Function.prototype.apply = () => 'node:path'; } catch {}",
  ],
  ["Reflect.apply", "Reflect.apply = () => 'node:path';"],
  ["URL", "globalThis.URL = class { href = 'node:path'; };"],
  ["Object.hasOwn", "Object.hasOwn = () => true; Object.prototype.hasOwnProperty = () => true;"],
  ["JSON.stringify", "JSON.stringify = () => '1';"],
  [
    "a setter of the first item of arrays",
    "try { Object.defineProperty(Array.prototype, '0', { get: () => (s, c, next) => next(s, c), set() {} }); } catch {}",
  ],
  [
    "the prototype of arrays",
    "try { Object.setPrototypeOf(Array.prototype, new Proxy({}, { set: () => true, get: () => (s, c, next) => next(s, c) })); } catch {}",
  ],
])("node:worker_threads is refused after a job replaced %s", async ([, patch]) => {
  await using patched = await startSandbox(runtime);
  const outcome = await outcomeOf(
    patched,
    `export async function job() {
      const load = (name) => import(name);
      const literal = () => import("node:module");
      ${patch}
      const reached = [];
      for (const attempt of [() => load("node:worker_threads"), literal, () => process.getBuiltinModule("worker_threads")]) {
        try { const it = await attempt(); if (it !== undefined && ("Worker" in it || "registerHooks" in it)) reached[reached.length] = "module"; } catch {}
      }
      return reached.length;
    }`,
  );
  expect(outcome).toMatchObject({ type: "succeeded", json: "0" });
});

test("a module that is refused says which, and where the others are listed", async () => {
  const outcome = await outcomeOf(
    sandbox,
    `import { Session } from "node:inspector"; export const job = () => Session;`,
  );
  expect(outcome).toMatchObject({
    type: "failed",
    error: {
      message:
        'Cannot import "node:inspector": a job has one thread, and only the modules that docs/jobs.md lists under "What a job has"',
    },
  });
});

test("modules that are listed work, imported in each way", async () => {
  const source = `
    import assert from "node:assert";
    import { Buffer } from "node:buffer";
    import { createHash } from "node:crypto";
    import { EventEmitter, once } from "node:events";
    import path from "node:path";
    import nodeProcess, { nextTick } from "node:process";
    import { Readable } from "node:stream";
    import { pipeline } from "node:stream/promises";
    import { AsyncLocalStorage } from "node:async_hooks";
    import { gunzipSync, gzipSync } from "node:zlib";
    import * as util from "node:util";
    import fs from "node:fs";
    import os from "node:os";
    import { isatty } from "node:tty";
    import console2 from "node:console";
    export async function job() {
      assert.equal(nodeProcess, process);
      assert.equal(console2, console);
      assert.equal(process.getBuiltinModule("node:path"), path);
      const emitter = new EventEmitter();
      await Promise.all([once(emitter, "x"), new Promise((resolve) => nextTick(() => resolve(emitter.emit("x"))))]);
      const chunks = [];
      await pipeline(Readable.from(["a", "b"]), async (source) => { for await (const chunk of source) chunks.push(chunk); });
      const storage = new AsyncLocalStorage();
      process.stdout.write("to nobody");
      return [
        createHash("sha256").update("x").digest("hex").slice(0, 8), chunks.join(""), path.resolve("a"), process.cwd(),
        gunzipSync(gzipSync(Buffer.from("zip"))).toString(), await storage.run(1, async () => { await 0; return storage.getStore(); }),
        util.format("%s", 1), typeof fs.readFileSync, typeof fs.promises.readFile, os.EOL, process.env.NODE_ENV ?? "none", process.hrtime.bigint() > 0n,
        isatty(1),
      ];
    }`;
  expect(await resultOf(sandbox, source)).toEqual([
    ...["2d711642", "ab", "/a", "/", "zip", 1, "1", "function", "function", "\n", "none", true, false],
  ]);
});

test("a library that extends what a job may not use is loaded", async () => {
  const source = `import http from "node:http"; import net from "node:net"; import { inherits } from "node:util"; import fs from "fs";
    class Mine extends http.Agent {} function Socket() {} inherits(Socket, net.Socket); const agent = new http.Agent({ keepAlive: true });
    export const job = () => [net.isIP("::1"), http.STATUS_CODES[404], new Mine() instanceof http.Agent];`;
  expect(await resultOf(sandbox, source.replace(' import fs from "fs";', ""))).toEqual([6, "Not Found", true]);
});

test("node's modules connect to the addresses that were granted, open no descriptor and do not listen", async () => {
  await using servers = new AsyncDisposableStack();
  const server = createServer((_, response) => response.end("hello"));
  servers.defer(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await using open = await startSandbox(runtime, { permissions: { net: [`127.0.0.1:${port}`], secrets: [] } });
  const source = `import http from "node:http"; import net from "node:net"; import tls from "node:tls"; import http2 from "node:http2";
    const get = (url) => new Promise((resolve, reject) => http.get(url, async (response) => {
      let text = ""; for await (const chunk of response) text += chunk; resolve(text);
    }).on("error", reject));
    const failure = async (act) => { try { return "did: " + String(await act()); } catch (error) { return error.message; } };
    export async function job({ config: { port } }) {
      const socket = await new Promise((resolve, reject) => { const it = net.connect(port, "127.0.0.1", () => resolve(it)).on("error", reject); });
      const handle = socket._handle;
      const Handle = handle.constructor;
      const descriptors = [];
      for (let fd = 0; fd < 16; fd++) {
        descriptors.push(await failure(() => new net.Socket({ fd, readable: true })), await failure(() => new Handle(0).open(fd)), await failure(() => handle.open(fd)));
        descriptors.push(await failure(() => Reflect.construct(Object.getPrototypeOf(handle).constructor, [0]).open(fd)));
      }
      // Without an address to be asked for: it would be any port of all addresses.
      for (const each of [new Handle(1), handle]) descriptors.push(await failure(() => each.listen(16)), await failure(() => each.accept()));
      const others = [() => net.createServer(), () => http.createServer(), () => new net.Server(), () => tls.createServer(), () => http2.createServer(), () => net._createServerHandle(null, 0, -1, 3), () => new http.Server()];
      socket.destroy();
      return {
        granted: await get("http://127.0.0.1:" + port), denied: await failure(() => get("http://127.0.0.1:1")),
        descriptors: [...new Set(descriptors)], others: [...new Set(await Promise.all(others.map(failure)))].map((text) => text.split(": ")[1]),
      };
    }`;
  const result = (await resultOf(open, source, { config: { port } })) as { descriptors: string[] };
  expect(result).toEqual({
    granted: "hello",
    denied: expect.stringMatching(/Requires net access/),
    descriptors: expect.any(Array),
    others: expect.arrayContaining(["a job does not listen on the network"]),
  });
  for (const each of result.descriptors) expect(each).not.toMatch(/^did: /);
});

test.each([
  ["a function", "export function then() { return 'then'; }"],
  ["a function under another name", "const after = (done) => done('then'); export { after as then };"],
  ["an object", "export const then = { run: () => 'then' };"],
])("a program that exports `then` as %s is loaded, and its entry points run", async (_, source) => {
  const program = await bundle(`${source}\nexport const other = () => "other";`);
  const outcomes = ["other", "then", "other"].map((entryPoint) => run(sandbox, program, { entryPoint }).outcome);
  const results = (await Promise.all(outcomes)).map((outcome) => outcome.type === "succeeded" && outcome.json);
  expect([results[0], results[2]]).toEqual(['"other"', '"other"']);
  // One that takes `done` is called with the job's context instead.
  expect(results[1]).toBe(source.includes("done") ? false : '"then"');
});

test("a program whose parts export `then` is loaded", async () => {
  const source = `
    const part = {};
    Object.defineProperty(part, "then", { get: () => (done) => done("never"), enumerable: true });
    Object.defineProperty(part, "job", { get: () => () => "part", enumerable: true });
    export { part };
    export const job = () => "whole";
  `;
  const program = await bundle(source);
  const outcomes = ["part#job", "job"].map((entryPoint) => run(sandbox, program, { entryPoint }).outcome);
  expect(await Promise.all(outcomes)).toEqual([
    { type: "succeeded", json: '"part"' },
    { type: "succeeded", json: '"whole"' },
  ]);
});
