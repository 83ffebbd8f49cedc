import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, describe, expect, test } from "vitest";
import { openLibrary } from "./testdata/library.ts";
import { BOOK, startLibrary } from "./testdata/served_library.ts";
import { startServer } from "./testdata/server.ts";

const served = await startLibrary();
afterAll(() => served[Symbol.asyncDispose]());
const { call, internalErrors, server } = served;

describe("answers", () => {
  test("the whole response, with its length", async () => {
    const { content, headers, status } = await call("GET /v1/books");
    expect(JSON.parse(content)).toEqual({ books: [{ name: "a" }], titles: ["t"], first: { title: "é" } });
    expect({ status, type: headers.get("content-type"), length: headers.get("content-length") }).toEqual({
      status: 200,
      type: "application/json",
      length: String(Buffer.byteLength(content)),
    });
  });

  test.each([
    ["GET /v1/titles", '["t"]'],
    ["GET /v1/first", '{"title":"é"}'],
    ["POST /v1/labels", "{}"],
    ["POST /v1/note", '""'],
    ["POST /v1/count", "null"],
  ])("the field of response_body: %s", async (line, content) => {
    expect((await call(line)).content).toBe(content);
  });

  test("a google.api.HttpBody goes in and out as it is", async () => {
    const bytes = Buffer.from([0, 255, 128, 10]);
    const response = await fetch(`${server.url}/v1/mirror`, {
      method: "POST",
      headers: { "content-type": "x/y; z=1" },
      body: bytes,
    });
    expect(response.headers.get("content-type")).toBe("x/y; z=1");
    expect(response.headers.get("x-raw")).toBe("x/y; z=1");
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
  });

  test("a google.api.HttpBody is a field of the request", async () => {
    const { call: made } = await call("PUT /v1/files/a/b.txt?overwrite=true", "hi", { "content-type": "text/plain" });
    expect(made).toEqual({
      method: "Upload",
      request: { name: "a/b.txt", overwrite: true, content: { contentType: "text/plain", data: "aGk=" } },
    });
  });

  test("a google.api.HttpBody is there when the body is empty", async () => {
    const { call: made } = await call("PUT /v1/files/a", undefined, {});
    expect(made).toEqual({ method: "Upload", request: { name: "a", content: {} } });
  });

  test("a google.api.HttpBody is a field of the response", async () => {
    const { content, headers } = await call("GET /v1/books/x/cover");
    expect({ content: content.slice(1), type: headers.get("content-type") }).toEqual({
      content: "PNG",
      type: "image/png",
    });
  });

  test("HEAD answers the head of GET", async () => {
    const get = await call("GET /v1/books");
    const { content, headers, status } = await call("HEAD /v1/books");
    expect({ content, status, length: headers.get("content-length") }).toEqual({
      content: "",
      status: 200,
      length: get.headers.get("content-length"),
    });
  });

  test("a method reads and writes headers", async () => {
    expect(JSON.parse((await call("GET /v1/books/x", undefined, { "x-title": "T" })).content).title).toBe("T");
    expect((await call("DELETE /v1/books/NotFound")).headers.get("x-deleted")).toBe("NotFound");
  });

  test("OPTIONS answers the methods of a path", async () => {
    const { status, headers } = await call("OPTIONS /v1/books");
    expect({ status, allow: headers.get("allow") }).toEqual({ status: 204, allow: "GET, POST, HEAD, OPTIONS" });
  });

  test("paths of nobody are left to the caller", async () => {
    expect((await call("OPTIONS /v1/nothing")).content).toBe("no route");
    expect((await call("GET /v2/books")).content).toBe("no route");
    expect((await call("POST /library.v1.Library/Hidden")).content).toBe("no route");
  });

  test("a method that a path does not have is 405", async () => {
    const { content, headers, status } = await call("DELETE /v1/books");
    expect({ status, allow: headers.get("allow"), ...JSON.parse(content) }).toEqual({
      status: 405,
      allow: "GET, POST, HEAD",
      code: "unimplemented",
      message: "Cannot DELETE /v1/books: this path has GET, POST, HEAD only",
    });
  });
});

describe("errors", () => {
  test.each([
    ["InvalidArgument", 400],
    ["FailedPrecondition", 400],
    ["OutOfRange", 400],
    ["Unauthenticated", 401],
    ["PermissionDenied", 403],
    ["NotFound", 404],
    ["AlreadyExists", 409],
    ["Aborted", 409],
    ["ResourceExhausted", 429],
    ["Canceled", 499],
    ["Unknown", 500],
    ["Internal", 500],
    ["DataLoss", 500],
    ["Unimplemented", 501],
    ["Unavailable", 503],
    ["DeadlineExceeded", 504],
  ])("%s is %i", async (code, expected) => {
    const { content, status } = await call(`DELETE /v1/books/${code}`);
    expect(status).toBe(expected);
    expect(JSON.parse(content).message).toBe(`no "${code}"`);
  });

  test("what is no ConnectError is masked, and reported", async () => {
    internalErrors.length = 0;
    const { content, status } = await call("DELETE /v1/books/bug");
    expect({ status, ...JSON.parse(content) }).toEqual({ status: 500, code: "internal", message: "internal error" });
    expect(internalErrors).toEqual([new TypeError("secret")]);
  });

  test("details and metadata reach the client", async () => {
    const detail = { desc: BOOK, value: { title: "t" } };
    const { transcoder } = openLibrary({
      GetBook: () => Promise.reject(new ConnectError("x", Code.NotFound, { "x-meta": "1" }, [detail])),
    });
    await using own = await startServer(transcoder);
    const response = await fetch(`${own.url}/v1/books/x`);
    expect(response.headers.get("x-meta")).toBe("1");
    expect(await response.json()).toEqual({
      code: "not_found",
      message: "x",
      details: [{ type: "library.v1.Book", value: "IgF0", debug: { title: "t" } }],
    });
  });

  test("connect-timeout-ms ends the call", async () => {
    const { transcoder } = openLibrary({
      GetBook: (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    });
    await using own = await startServer(transcoder);
    const response = await fetch(`${own.url}/v1/books/x`, { headers: { "connect-timeout-ms": "20" } });
    expect({ status: response.status, ...JSON.parse(await response.text()) }).toEqual({
      status: 504,
      code: "deadline_exceeded",
      message: "The call took longer than its 20 ms",
    });
    const bad = await fetch(`${own.url}/v1/books/x`, { headers: { "connect-timeout-ms": "soon" } });
    expect(bad.status).toBe(400);
  });
});
