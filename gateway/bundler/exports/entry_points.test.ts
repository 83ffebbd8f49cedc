import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bundler, createBundler } from "../mod.ts";
import { rejection, runAll, type TarEntry, tgz, utf8 } from "../testing/uploads.ts";

let bundler: Bundler;
beforeAll(async () => {
  bundler = createBundler();
});
afterAll(() => bundler[Symbol.asyncDispose]());

/** Result of each listed entry point, for one file or the files of a folder. */
async function results(
  source: string | Record<string, string>,
  contentType?: string,
): Promise<Record<string, unknown>> {
  const files: TarEntry[] = typeof source === "string" ? [] : Object.entries(source);
  const content = typeof source === "string" ? utf8(source) : await tgz(files);
  const { bundle, entryPoints } = await bundler.bundle(content, { contentType });
  const ran = await runAll(bundle, entryPoints);
  expect(Object.keys(ran)).toEqual(entryPoints);
  return ran;
}

describe("entry points", () => {
  test.each<[string, string, string[]]>([
    [
      "functions of each kind",
      "export function a() {} export const b = async () => 1, c = function* () {};",
      ["a", "b", "c"],
    ],
    ["objects with run only", "export const a = { run() {} }, b = { start() {} }, c = { run: 1 };", ["a"]],
    [
      "no plain values",
      "export const a = () => 1, b = 'x', c = 1, d = [a], e = -1, f = `x`, g = /x/, h = null, i = 1n;",
      ["a"],
    ],
    ["no enums", "export enum A { x } export const enum B { y = 'z' } export const c = () => A.x + B.y;", ["c"]],
    [
      "a namespace with run",
      "export namespace A { export const run = () => 1; } export namespace B { export const go = () => 1; }",
      ["A"],
    ],
    [
      "instances by their class",
      "class A { run() {} } class B extends A {} class C { go() {} } export const a = new A(), b = new B(), c = new C();",
      ["a", "b"],
    ],
    [
      "instances with run as a field",
      "class A { run = () => 1; } class B { run = 1; } export const a = new A(), b = new B();",
      ["a"],
    ],
    [
      "no instances of built-in classes",
      "export const a = () => 1, b = new Map(), c = new Date(), d = new Error('x');",
      ["a"],
    ],
    [
      "another name of the same",
      "const f = () => 1; export { f as a, f as b }; export default f;",
      ["a", "b", "default"],
    ],
    [
      "conditional values",
      "const x = Math.random() > 2; export const a = x ? () => 1 : { run: () => 2 }, b = x ? 1 : 2;",
      ["a"],
    ],
    ["frozen values", "export const a = Object.freeze({ run: () => 1 }), b = Object.freeze({});", ["a"]],
    [
      "objects with a later assigned run",
      `const a = {}, b = {}, c = {}, d = {}; a.run = () => 1; Object.assign(b, { run: () => 2 }); c["start"] = () => 3;
       for (const key of ["run"]) d[key] = () => 4; export { a, b, c, d };`,
      ["a", "b", "d"],
    ],
    [
      "objects filled by a function",
      `const a = {}, b = {}, c = {}; (() => { a.run = () => 1; })(); const add = (to) => { to.run = () => 2; }; add(b);
       console.log(c); export const copy = () => ({ ...c }); export { a, b, c };`,
      ["a", "b", "copy"],
    ],
    [
      "namespaces with a later assigned run",
      "export namespace A { export const x = 1; } export namespace B { export const y = 2; } (A as any).run = () => 1;",
      ["A"],
    ],
    [
      "instances of a class with a later assigned run",
      `class A {} class B extends A {} class C {} class D { static x = 1; } A.prototype.run = () => 1; Object.assign(C.prototype, { run: () => 2 });
       export const a = new A(), b = new B(), c = new C(), d = new D();`,
      ["a", "b", "c"],
    ],
    [
      "values assigned in a block or a function",
      `let a = null, b = undefined, c = 1, d = 2; if (Date.now() > 0) a = () => 1; else a = () => 2; function init() { [b] = [() => 3]; } init();
       export const e = (d) => { let c = 5; c = d; return c; }; export { a, b, c, d };`,
      ["a", "b", "e"],
    ],
    [
      "no counters",
      `let a = 0, b = 0, c = "", d = []; export const e = () => { a += 1; b = b + 1; c = "x"; d = [...d, 1]; return a++; };
       export { a, b, c, d };`,
      ["e"],
    ],
    ["values assigned later", "export let a: any, b: any; a = () => 1; b = 2;", ["a"]],
    [
      "values known at run time only",
      "const make = () => () => 1; export const a = make(), b = [make()][0];",
      ["a", "b"],
    ],
  ])("of %s", async (_, source, expected) => {
    expect((await bundler.bundle(utf8(source))).entryPoints).toEqual(expected);
  });

  test("do not include classes, with or without decorators, and the error says why", async () => {
    const source = `const twice = (...args: any[]): any => args[0];
      export class A { run() {} } export default class { static run() {} } @twice export class B {} class C {} export { C as D };
      export const version = "1", job = () => [A, B];`;
    const { entryPoints, warnings } = await bundler.bundle(utf8(source));
    expect(entryPoints).toEqual(["job"]);
    const aClass = "it is a class; export an instance, or a function that makes one";
    expect(warnings).toEqual([
      ...["A", "B", "D", "default"].map((name) => `The export "${name}" is not an entry point: ${aClass}`),
      'The export "version" is not an entry point: it is a string',
    ]);
  });

  test("are required: an upload without any is rejected", async () => {
    expect(await rejection(bundler, utf8("export class Counter { run() { return 1; } }"))).toBe(
      'main.ts:1: Nothing is exported that can be called: a job is an exported function, or an exported object with a function "run". ' +
        'The export "Counter" is not an entry point: it is a class; export an instance, or a function that makes one',
    );
    expect(await rejection(bundler, utf8("export const a = 1, b = 2;"))).toMatch(/it is a number \(and 1 more\)$/);
  });

  test("must have a name that callers can send", async () => {
    const long = "x".repeat(600);
    const source = `const f = () => 1; export { f as "a#b", f as "a.b", f as "ü\\u0000", f as ${long}, f as "" };`;
    const { entryPoints, warnings } = await bundler.bundle(utf8(source));
    expect(entryPoints).toEqual(["a.b", "ü\u0000"]);
    expect(warnings).toEqual([
      'The export "" cannot be an entry point: it has no name',
      'The export "a#b" cannot be an entry point: name it without "#"',
      `The export "${"x".repeat(100)}…" cannot be an entry point: its name is longer than 512 characters`,
    ]);
    expect(await rejection(bundler, utf8(`const job = () => 1; export { job as "a#b" };`))).toBe(
      'main.ts: The export "a#b" cannot be an entry point: name it without "#"',
    );
  });

  test("may be named `then`", async () => {
    for (const source of [
      "export const then = () => 1, job = () => 2;",
      "exports.then = () => 1; exports.job = () => 2;",
    ]) {
      const { entryPoints } = await bundler.bundle(utf8(source), { contentType: "text/javascript" });
      expect(entryPoints).toEqual(["job", "then"]);
    }
  });

  test("include those of exported namespaces", async () => {
    const files = {
      "index.ts": `export * as words from "./words.ts"; export * as limits from "./limits.ts"; export const job = () => 0;`,
      "words.ts": "export const count = () => 1; export class Word {} export const run = () => 2;",
      "limits.ts": "export const most = 5;",
    };
    const { bundle, entryPoints, warnings } = await bundler.bundle(await tgz(Object.entries(files)));
    expect(await runAll(bundle, entryPoints)).toEqual({ job: 0, words: 2, "words#count": 1, "words#run": 2 });
    expect(warnings).toEqual(['The export "limits" is not an entry point: it is a module without a function "run"']);
  });

  test("are limited in number", async () => {
    await using small = createBundler({ limits: { entryPoints: 2 } });
    expect(await rejection(small, utf8("export const a = () => 1, b = () => 1, c = () => 1;"))).toBe(
      "The upload exports 3 entry points, more than 2",
    );
  });

  test("are found even if names refer to each other endlessly", async () => {
    const chain = Array.from({ length: 300 }, (_, i) => `var v${i} = Math.random() ? v${i + 1} : v${(i * 7) % 300};`);
    const source = `${chain.join("\n")} var v300 = v0; export { v0 as a }; export class B extends B2 {} class B2 extends B {}`;
    expect((await bundler.bundle(utf8(source))).entryPoints).toEqual(["a"]);
  });
});

describe("CommonJS", () => {
  test.each<[string, string | Record<string, string>, Record<string, unknown>]>([
    ["exports by name", `exports.Run = () => 1; exports.VERSION = "1"; exports.Kind = class {};`, { Run: 1 }],
    [
      "module.exports by name",
      `module.exports.a = () => 1; module["exports"]["b-c"] = function () { return 2; };`,
      { a: 1, "b-c": 2 },
    ],
    [
      "an object",
      "const b = () => 2; module.exports = { a: () => 1, b, c: 3, get d() { return () => 4; } };",
      { a: 1, b: 2, d: 4 },
    ],
    ["a function", "module.exports = function () { return 1; };", { default: 1 }],
    ["a function with more", "module.exports = () => 1; module.exports.other = () => 2;", { default: 1, other: 2 }],
    ["a job with validate", "module.exports = { validate: () => [], run: () => 1 };", { default: 1 }],
    ["both names", "exports = module.exports = { a: () => 1 };", { a: 1 }],
    ["a variable", "const api = {}; api.a = () => 1; api.b = 2; module.exports = api;", { a: 1 }],
    [
      "output of tsc",
      `"use strict"; Object.defineProperty(exports, "__esModule", { value: true });
       exports.default = exports.b = exports.a = void 0;
       const lib = require("./lib.js"); Object.defineProperty(exports, "b", { enumerable: true, get: function () { return lib.b; } });
       var __exportStar = (this && this.__exportStar) || function (m, e) { for (var p in m) if (p !== "default") e[p] = m[p]; };
       __exportStar(require("./more.js"), exports);
       const a = () => 1; exports.a = a; exports.default = { run: () => 0 };`,
      { a: 1, b: 2, c: 3, default: 0 },
    ],
    [
      "output of Babel",
      `Object.defineProperty(exports, "__esModule", { value: true }); var _more = require("./more.js");
       Object.keys(_more).forEach(function (key) { if (key === "default" || key === "__esModule") return;
         Object.defineProperty(exports, key, { enumerable: true, get: function () { return _more[key]; } }); });
       exports.a = void 0; const a = () => 1; exports.a = a;`,
      { a: 1, c: 3 },
    ],
    [
      "output of SWC",
      `Object.defineProperty(exports, "__esModule", { value: true });
       function _export(target, all) { for (var name in all) Object.defineProperty(target, name, { enumerable: true, get: all[name] }); }
       _export(exports, { a: function () { return a; }, default: function () { return b; } });
       const a = () => 1; const b = () => 2;`,
      { a: 1, default: 2 },
    ],
    [
      "output of esbuild",
      `var __export = (target, all) => { for (var name in all) Object.defineProperty(target, name, { get: all[name], enumerable: true }); };
       var __toCommonJS = (from) => Object.defineProperties(Object.defineProperty({}, "__esModule", { value: true }), Object.getOwnPropertyDescriptors(from));
       var main_exports = {}; __export(main_exports, { a: () => a, b: () => b }); module.exports = __toCommonJS(main_exports);
       const a = () => 1; const b = 2;`,
      { a: 1 },
    ],
    ["all of another module", `module.exports = require("./lib.js");`, { b: 2 }],
    ["parts of others", `module.exports = { ...require("./lib.js"), a: () => 1 };`, { a: 1, b: 2 }],
    [
      "modules that import each other",
      `exports.a = () => 1; Object.assign(exports, require("./round.js"));`,
      { a: 1, r: 4 },
    ],
    [
      "a module for every loader",
      `(function (factory) { if (typeof module === "object" && typeof module.exports === "object") { var v = factory(require, exports); if (v !== undefined) module.exports = v; } })
       (function (require, exports) { exports.a = () => 1; });`,
      { a: 1 },
    ],
  ])("by %s is listed and runs", async (_, source, expected) => {
    const files = {
      "package.json": `{"main": "index.js"}`,
      "index.js": source as string,
      "lib.js": "exports.b = () => 2;",
      "more.js": "exports.c = () => 3; exports.default = () => 4;",
      "round.js": `exports.r = () => 4; Object.assign(exports, require("./index.js"));`,
    };
    expect(await results(files)).toEqual(expected);
  });

  test("compiled from TypeScript runs", async () => {
    expect(await results("const job = (): number => 1; export = job;")).toEqual({ default: 1 });
    expect(await results("export = { a: () => 1, b: () => 2 };")).toEqual({ a: 1, b: 2 });
  });

  test("in a single JavaScript file runs, and may declare a manifest", async () => {
    const { bundle, entryPoints } = await bundler.bundle(
      utf8(`exports.manifest = { permissions: { net: ["a:1"] } }; exports.Run = () => 1;`),
      { contentType: "text/javascript" },
    );
    expect(await runAll(bundle, entryPoints)).toEqual({ Run: 1 });
    expect(bundle).toMatch(/\n\/\/# manifests=\{"":\{"permissions":\{"net":\["a:1"\]\}\}\}\n$/);
  });

  test("in a subpath or re-exported by an ES module runs", async () => {
    const files = {
      "package.json": `{"exports": {".": "./index.ts", "./old": "./old.cjs", "./new": "./new.mjs"}}`,
      "index.ts": `export * from "./lib.cjs"; export const own = () => 0;`,
      "lib.cjs": "exports.a = () => 1; exports.own = () => 9; exports.limit = 5;",
      "old.cjs": "exports.b = () => 2;",
      "new.mjs": `export * from "./mid.mjs";`,
      "mid.mjs": `export * from "./lib.cjs"; export default () => 4;`,
    };
    expect(await results(files)).toEqual({ a: 1, own: 0, "new#a": 1, "new#own": 9, "old#b": 2 });
  });
});
