import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Binary_Type } from "../../../proto/mod.ts";
import { type Bundler, createBundler, fileOfForm, isArchive, isJar } from "../mod.ts";
import { refusal, runAll, tar, tgz, utf8, zip } from "../testing/uploads.ts";

let bundler: Bundler;
beforeAll(async () => {
  bundler = createBundler();
});
afterAll(() => bundler[Symbol.asyncDispose]());

const ACCEPTED_UPLOADS =
  "upload one .ts or .js file, or a folder as a tarball (`npm pack`, `tar -czf`) or as a zip archive, or a jar, as the body itself (`curl -T FILE`)";
const PROGRAM = "export const job = () => 1;";

describe("what is no program is refused by what it looks like", () => {
  test.each<[string, string | Uint8Array, string?]>([
    ["UTF-16 text (save it as UTF-8)", Buffer.from(`\ufeff${PROGRAM}`, "utf16le")],
    ["an HTML page", "\n<!DOCTYPE html><title>404</title>"],
    ["an HTML page", "<html><body>Not found</body></html>", "text/javascript"],
    ["an XML document", `<?xml version="1.0"?><error/>`],
    ["JSON", `{"message": "Not Found"}`],
    ["JSON", "[1, 2]"],
    ["a package.json (pack its folder)", `{"name": "jobs", "dependencies": {}}`],
    ["a Python program", "# jobs\nfrom hearth import job\n"],
    ["a Python program", "#!/usr/bin/env python3\nprint(1)\n"],
    ["a Python program", "import os\n\ndef run(config):\n    return 1\n"],
    ["a shell script", "#!/bin/sh\nset -eu\necho hi\n"],
    ["a Dockerfile", "# syntax=docker/dockerfile:1\nFROM node:22 AS build\nRUN npm ci\n"],
    ["Java, Scala or Kotlin source", "package com.example;\n\npublic class WordCount {}\n"],
    ["Go source", "package main\n\nfunc main() {}\n"],
    ["a stylesheet", "body { color: red; }\n"],
    ["base64 text (send the bytes that it stands for)", Buffer.from(`${PROGRAM}${PROGRAM}`).toString("base64")],
    ["a PNG image", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0])],
    ["a Java class", Buffer.from([0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 0x34])],
    ["a native program", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0])],
    ["compressed with zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0])],
    ["compressed with bzip2", Buffer.from("BZh91AY&SY\0\xff", "latin1")],
    ["a 7z archive", Buffer.from([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4])],
    ["a PDF document", "%PDF-1.7\n1 0 obj\n"],
  ])("%s", async (kind, content, contentType) => {
    const bytes = typeof content === "string" ? utf8(content) : content;
    expect(await refusal(bundler, bytes, contentType)).toBe(`The upload is ${kind}: ${ACCEPTED_UPLOADS}`);
  });

  test.each([
    ["nothing", ""],
    ["nothing but space", " \r\n\t"],
  ])("%s", async (_, content) => {
    expect(await refusal(bundler, utf8(content))).toBe(`Nothing is exported, the upload is empty: ${ACCEPTED_UPLOADS}`);
  });

  test.each([
    ["a comment in other words", "/*\n object store access\n*/\nconst x = ;", "main.ts:4:11: "],
    [
      "a type first",
      "export type Config = {\n name: string;\n};\nimport x from './missing.ts'; export const job = () => x;",
      "main.ts:4:15: ",
    ],
    ["an interface first", "interface Config { input: string; }\nconst x = ;", "main.ts:2:11: "],
    ["a call that Python has as well", "print('hi')\nexport const = 1", "main.ts:2:14: "],
    ["one line", "class A{x:1;}const y=<b>1;export{A}", "main.ts:1:"],
    ["a decorated class", "@job class Config { input: string; }\nconst x = ;", "main.ts:2:11: "],
  ])("but a program with an error and %s is refused with the error", async (_, source, place) => {
    expect(await refusal(bundler, utf8(source))).toContain(place);
  });

  test("in a time that grows with its length", async () => {
    const texts = ["\n".repeat(2000), "/*".repeat(1_000_000), " a".repeat(1_000_000), "\nclass A\n".repeat(100_000)];
    const messages = await Promise.all(texts.map((text) => refusal(bundler, utf8(`x x${text}!`))));
    expect(messages).toEqual(texts.map(() => expect.stringMatching(/^main\.ts:1:3: /)));
  });

  test("but a program is taken, whatever its texts look like", async () => {
    const source = `// FROM node:22\n/* import os\ndef run(): */\nexport const job = () => \`<!doctype html>\`;`;
    expect((await bundler.bundle(utf8(source))).entryPoints).toEqual(["job"]);
  });

  test("and what lost its lines on the way says so", async () => {
    const source = utf8("// a job export const job = () => 1;");
    expect(await refusal(bundler, source, "application/x-www-form-urlencoded")).toMatch(
      /^main\.ts:1: Nothing is exported.*`curl -d` removes line breaks/,
    );
  });

  test("and a syntax error is reported as such", async () => {
    expect(await refusal(bundler, utf8("export const job = () => {\n  return 1 +;\n};"))).toBe(
      'main.ts:2:13: Unexpected ";"',
    );
  });
});

describe("what is taken", () => {
  test("is a tarball that is not compressed", async () => {
    const { type, entryPoints } = await bundler.bundle(await tar([["jobs/index.ts", PROGRAM]]));
    expect({ type, entryPoints }).toEqual({ type: Binary_Type.NPM, entryPoints: ["job"] });
  });

  test("is one file that was compressed, under the extension that it had", async () => {
    const plain = await bundler.bundle(gzipSync(PROGRAM), { contentType: "text/typescript" });
    expect({ type: plain.type, entryPoints: plain.entryPoints }).toEqual({
      type: Binary_Type.TYPESCRIPT,
      entryPoints: ["job"],
    });
    const named = Buffer.concat([gzipSync("export const f = (a, b, c) => a < b > (c);")]);
    named[3] = 8;
    const { sourceMap } = await bundler.bundle(
      Buffer.concat([named.subarray(0, 10), utf8("f.js\0"), named.subarray(10)]),
    );
    expect(JSON.parse(sourceMap).sources).toEqual(["main.js"]);
  });

  test("is what the bytes are when the content type says something else", async () => {
    const content = await tgz([["index.ts", PROGRAM]]);
    for (const contentType of ["text/plain", "application/zip", "application/octet-stream", "text/javascript"]) {
      expect((await bundler.bundle(content, { contentType })).type).toBe(Binary_Type.NPM);
    }
    expect(await refusal(bundler, utf8(PROGRAM), "application/zip")).toMatch(/but the bytes are not a zip archive: /);
  });
});

describe("isArchive()", () => {
  const entry = { name: "index.ts", content: PROGRAM };

  test("knows tarballs without the mark of POSIX, and zip archives whatever their files hold", async () => {
    const header = Buffer.from(await tar([["index.ts", PROGRAM]]));
    header.fill(0, 257, 265);
    const sum = header.subarray(0, 512).reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 0x20 : byte), 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    expect((await bundler.bundle(header)).entryPoints).toEqual(["job"]);
    const mentions = zip([entry, { name: "README.md", content: "META-INF/MANIFEST.MF", isStored: true }]);
    expect([header, mentions, gzipSync("x"), zip([entry])].map(isArchive)).toEqual([true, true, true, true]);
  });

  test("knows what is no folder of ours", () => {
    const jar = zip([{ name: "META-INF/MANIFEST.MF" }, entry]);
    const cut = zip([entry]).subarray(0, 40);
    expect([jar, cut, utf8(PROGRAM), new Uint8Array()].map(isArchive)).toEqual([false, false, false, false]);
    expect([jar, cut, zip([entry]), utf8(PROGRAM)].map(isJar)).toEqual([true, false, false, false]);
  });
});

describe("JSX", () => {
  const JSX = "export const job = () => <b>hi</b>;";
  const H = "const h = (tag: string, _: unknown, ...inner: unknown[]) => [tag, ...inner];";

  test("needs a runtime, and says where to get it", async () => {
    const message =
      /^main\.tsx:1:\d+: Cannot import "react\/jsx-runtime": JSX needs it, and the upload has no node_modules\/react; put it in, or name another runtime by "jsxImportSource" in tsconfig.json/;
    expect(await refusal(bundler, utf8(JSX))).toMatch(message);
    expect(await refusal(bundler, utf8(JSX), "text/tsx")).toMatch(message);
    expect(await refusal(bundler, utf8(JSX), "text/javascript")).toMatch(/^main\.js:.*JSX needs it/);
  });

  test("is known in a file that begins as other texts do", async () => {
    const source = `/** @jsx h */ export interface Props { name: string; }\n${H}\n${JSX}`;
    const { bundle, entryPoints } = await bundler.bundle(utf8(source));
    expect(await runAll(bundle, entryPoints)).toEqual({ job: ["b", "hi"] });
  });

  test("calls what a comment names", async () => {
    const { bundle, entryPoints } = await bundler.bundle(utf8(`/** @jsx h */\n${H}\n${JSX}`));
    expect(await runAll(bundle, entryPoints)).toEqual({ job: ["b", "hi"] });
  });

  const RUNTIME = "export const jsx = (tag, { children }) => [tag, children], jsxs = jsx;";
  test.each<[string, Record<string, string>]>([
    [
      "the runtime that the upload has",
      { "node_modules/preact/package.json": "{}", "node_modules/preact/jsx-runtime.js": RUNTIME },
    ],
    [
      "the runtime that tsconfig.json names",
      {
        "tsconfig.json": `{"compilerOptions": {"jsx": "react-jsx", "jsxImportSource": "mine", }, /* and a comment */}`,
        "node_modules/mine/jsx-runtime.js": RUNTIME,
      },
    ],
    [
      "the runtime that deno.json names",
      {
        "deno.json": `{"compilerOptions": {"jsxImportSource": "mine"}, "imports": {"mine/": "./"}}`,
        "jsx-runtime.js": RUNTIME,
      },
    ],
    ["the function that tsconfig.json names", { "tsconfig.json": `{"compilerOptions": {"jsxFactory": "h"}}` }],
  ])("uses %s", async (_, files) => {
    for (const entry of ["index.tsx", "index.jsx", "index.js"]) {
      const source = entry === "index.tsx" ? `${H}\n${JSX}` : `${H.replace(/: \w+(\[\])?/g, "")}\n${JSX}`;
      const { bundle, entryPoints } = await bundler.bundle(await tgz(Object.entries({ [entry]: source, ...files })));
      expect(await runAll(bundle, entryPoints)).toEqual({ job: ["b", "hi"] });
    }
  });
});

describe("a form", () => {
  const part = (header: string, content: string) =>
    `--B\r\nContent-Disposition: form-data; ${header}\r\n\r\n${content}\r\n`;
  const file = (name: string, content = PROGRAM) => part(`name="file"; filename="${name}"`, content);
  const TYPE = "multipart/form-data; boundary=B";

  test.each([
    ["curl -F", `${file("job.js")}--B--\r\n`, TYPE, "text/javascript"],
    [
      "a page with fields",
      `${part('name="note"', "x")}${file("a.tsx")}--B--\r\n`,
      `${TYPE}; charset=utf-8`,
      "text/tsx",
    ],
    ["a client without a content type", `${file("job.ts")}--B--\r\n`, undefined, "application/typescript"],
    [
      "a page with a field in which no file was chosen",
      `${file("", "")}${file("a.js")}${file("", "")}--B--\r\n`,
      TYPE,
      "text/javascript",
    ],
    [
      "a client with a field that is named as if it had a file",
      `${part('name="x; filename=y.js"', "x")}${file("job.ts")}--B--\r\n`,
      TYPE,
      "application/typescript",
    ],
    [
      "a client that escapes the name",
      `${part("name=file; FILENAME*=UTF-8''%C3%BC.mjs", PROGRAM)}--B--`,
      TYPE,
      "text/javascript",
    ],
    ["a client with a file of an odd type", `${file("job.constructor")}--B--`, TYPE, undefined],
    ["a quoted boundary", `${file("job.tgz")}--B--\r\n`, `Multipart/Form-Data; boundary="B"`, undefined],
  ])("of %s has its file taken", (_, body, contentType, expected) => {
    const found = fileOfForm(utf8(body), contentType);
    expect({ ...found, content: Buffer.from(found?.content ?? []).toString() }).toEqual({
      content: PROGRAM,
      contentType: expected,
    });
  });

  test("keeps every byte of its file", () => {
    const content = "\r\n--\r\n--A\r\n\0\r\n";
    expect(fileOfForm(utf8(`${file("a", content)}--B--`), TYPE)?.content.toString()).toBe(content);
  });

  test.each([
    ["no file", `${part('name="file"', PROGRAM)}--B--`, TYPE, /is a form without a file/],
    ["no file chosen", `${file("", "")}--B--`, TYPE, /is a form without a file/],
    [
      "a long header",
      `${part(`name=a${";filename=".repeat(100_000)}`, "")}--B--`,
      TYPE,
      /header has more than 8192 bytes/,
    ],
    ["a long boundary", file("a.ts"), `multipart/form-data; boundary=${"-".repeat(5000)}`, /longer than 70 characters/],
    ["several files", `${file("a.ts")}${file("b.ts")}--B--`, TYPE, /is a form with 2 files/],
    ["no end", file("a.ts").trimEnd(), TYPE, /is a form without a file/],
    ["no boundary", file("a.ts"), "multipart/form-data", /lacks its boundary/],
    ["too many parts", part("name=a", "").repeat(200), TYPE, /more than 100 parts/],
  ])("with %s is refused", (_, body, contentType, message) => {
    expect(() => fileOfForm(utf8(body), contentType)).toThrow(message);
  });

  test("is not what merely looks like one", () => {
    expect(fileOfForm(utf8("--x;\nexport const job = () => 1;"), undefined)).toBeUndefined();
    expect(fileOfForm(utf8(PROGRAM), "text/plain")).toBeUndefined();
  });
});
