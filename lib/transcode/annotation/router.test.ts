import { expect, test } from "vitest";
import { createRouter } from "./router.ts";
import { parseTemplate } from "./template.ts";

/** A router for rules such as `GET /v1/a`; the name of a route is its rule. */
function router(...rules: string[]) {
  return createRouter(
    rules.map((name) => {
      const [httpMethod = "", path = ""] = name.split(" ");
      return { name, httpMethod, template: parseTemplate(path) };
    }),
  );
}

test.each([
  ["a literal beats *", ["GET /a/*", "GET /a/b"], "GET /a/b", "GET /a/b"],
  ["* beats **", ["GET /a/**", "GET /a/*"], "GET /a/b", "GET /a/*"],
  ["the end beats **", ["GET /a/**", "GET /a"], "GET /a", "GET /a"],
  ["** takes nothing", ["GET /a/**"], "GET /a", "GET /a/**"],
  ["** takes many", ["GET /a/**"], "GET /a/b/c/", "GET /a/**"],
  ["* is taken when the literal leads nowhere", ["GET /a/b/c", "GET /*/b/d"], "GET /a/b/d", "GET /*/b/d"],
  ["** is taken when * leads nowhere", ["GET /a/*/c", "GET /a/**"], "GET /a/b/d", "GET /a/**"],
  ["* takes no empty segment", ["GET /a/*"], "GET /a/", undefined],
  ["a path is no longer than its template", ["GET /a"], "GET /a/", undefined],
  ["a verb beats a variable", ["GET /a/*", "GET /a/*:go"], "GET /a/b:go", "GET /a/*:go"],
  ["a colon is part of a value when no verb fits", ["GET /a/*", "GET /a/*:go"], "GET /a/b:stay", "GET /a/*"],
  [
    "a verb that the HTTP method lacks is part of a value",
    ["GET /a/*:go", "DELETE /a/*"],
    "DELETE /a/b:go",
    "DELETE /a/*",
  ],
  ["the last colon can begin the verb", ["GET /a/*:go"], "GET /a/b:c:go", "GET /a/*:go"],
  [
    "a verb may have colons, and the longest counts",
    ["GET /a/*:go", "GET /a/*:c:go"],
    "GET /a/b:c:go",
    "GET /a/*:c:go",
  ],
  ["a verb alone is no segment", ["GET /a/*:go"], "GET /a/:go", undefined],
  ["a verb stands behind a literal", ["GET /a:go", "GET /*"], "GET /a:go", "GET /a:go"],
  ["a verb stands behind **", ["GET /a/**:go"], "GET /a/b/c:go", "GET /a/**:go"],
  ["an encoded colon begins no verb", ["GET /a/*:go", "GET /a/*"], "GET /a/b%3Ago", "GET /a/*"],
  ["an encoded literal is the literal", ["GET /jobs"], "GET /%6Aobs", "GET /jobs"],
  ["an encoded slash is no slash", ["GET /a/*", "GET /a/b/c"], "GET /a/b%2Fc", "GET /a/*"],
  ["malformed encoding equals no literal", ["GET /a", "GET /*"], "GET /%zz", "GET /*"],
  ["HEAD finds GET", ["GET /a"], "HEAD /a", "GET /a"],
  ["HEAD finds its own rule first", ["GET /a", "HEAD /a"], "HEAD /a", "HEAD /a"],
  ["a method beats any method", ["* /a", "GET /a"], "GET /a", "GET /a"],
  ["any method is any", ["* /a", "GET /a"], "REPORT /a", "* /a"],
  ["another method does not match", ["GET /a"], "POST /a", undefined],
  ["names of objects are no literals", ["GET /a"], "GET /__proto__", undefined],
])("match(): %s", (_, rules, request, expected) => {
  const [httpMethod = "", path = ""] = request.split(" ");
  expect(router(...rules).match(httpMethod, path)?.route.name).toBe(expected);
});

test("match() answers the segments without the verb", () => {
  expect(router("GET /a/*:go").match("GET", "/a/b%3A:go")?.segments).toEqual(["a", "b%3A"]);
});

test("allowed() answers the methods of a path", () => {
  const routes = router("GET /a/*", "DELETE /a/b", "POST /c");
  expect(routes.allowed("/a/b").sort()).toEqual(["DELETE", "GET", "HEAD"]);
  expect(routes.allowed("/d")).toEqual([]);
});

test.each([
  ["GET /a/{x}", "GET /a/*"],
  ["GET /{x=a/*}", "GET /a/{y}"],
  ["GET /a/{x=**}", "GET /a/**"],
  ["GET /a:go", "GET /a:go"],
])("createRouter() refuses %s beside %s and names both", (first, second) => {
  expect(() => router(first, second)).toThrow(/Cannot route GET .*: GET .* matches the same requests/);
});

test("match() is quick on a path made to make it back up", () => {
  const wild = Array.from({ length: 12 }, (_, depth) => `GET /${"*/".repeat(depth)}a/${"*/".repeat(11 - depth)}b`);
  expect(router(...wild).match("GET", `/${"a/".repeat(5000)}`)).toBeUndefined();
});
