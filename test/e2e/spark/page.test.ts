import { afterAll, beforeAll, expect, test } from "vitest";
import { matchRoute } from "../../../gateway/spark/http/route.ts";
import { ROUTES } from "../../../gateway/spark/mod.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { type Received, send } from "./client.ts";

let hearth: Hearth;

beforeAll(async () => {
  hearth = await startHearth();
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

test.each([
  ["/", "text/html; charset=utf-8"],
  ["/?a=b", "text/html; charset=utf-8"],
  ["/html/index.html", "text/html; charset=utf-8"],
  ["/html/page.css", "text/css; charset=utf-8"],
  ["/html/page.js", "text/javascript; charset=utf-8"],
  ["/html/icon.svg", "image/svg+xml"],
])("GET %s answers %s, which may load and run nothing but the page's own", async (target, type) => {
  const { status, headers } = await get(target);
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    "content-type": type,
    "content-security-policy": expect.stringMatching(/^default-src 'none';(?!.*(unsafe|\*|https?:))/),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
  });
});

test("the page names files of its own only, and all of them are there", async () => {
  const { text } = await get("/");
  const named = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, target = ""]) => target);
  const answers = await Promise.all(named.map(async (target) => [target, (await get(target)).status]));
  expect(answers).toEqual(
    ["/html/icon.svg", "/html/page.css", "/html/page.js", "/jobs", "/contexts", "/binaries"].map((each) => [each, 200]),
  );
});

test("every route that the page calls is one of spark-jobserver's", async () => {
  const { text } = await get("/html/page.js");
  const called = [...text.matchAll(/"(GET|POST|PUT|DELETE) (\/[^"]*)"/g)].map(([, method = "", path = ""]) => {
    const matched = matchRoute(ROUTES, method, path.slice(1).replaceAll(":", "").split("/"));
    return [`${method} ${path}`, "route" in matched];
  });
  expect(called).toEqual(
    ["GET /jobs", "GET /contexts", "GET /contexts/:name", "DELETE /contexts/:name", "GET /binaries"]
      .concat(["DELETE /binaries/:name", "DELETE /jobs/:id"])
      .map((route) => [route, true]),
  );
});

test("the page sets what it shows as text", async () => {
  const { text } = await get("/html/page.js");
  expect(text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function/);
});

test.each(["/html", "/html/", "/html/other", "/html/..%2fpage.ts", "/html/a/b", "//"])(
  "GET %s is not found",
  async (target) => {
    const { status, text } = await get(target);
    expect({ status, text }).toEqual({ status: 404, text: "The requested resource could not be found." });
  },
);

function get(target: string): Promise<Received> {
  return send(hearth.url, { method: "GET", target });
}
