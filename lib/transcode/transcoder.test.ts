import net from "node:net";
import { text } from "node:stream/consumers";
import { fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, describe, expect, test } from "vitest";
import { createTranscoder } from "./mod.ts";
import { known, library, methodOf, openLibrary, registry } from "./testdata/library.ts";
import { oneMethodService } from "./testdata/one_method.ts";
import { startServer } from "./testdata/server.ts";

const BOOK = known(registry.getMessage("library.v1.Book"));
const internalErrors: unknown[] = [];
const { transcoder, calls } = openLibrary(
  {
    ListBooks: async () =>
      fromJson(methodOf("ListBooks").output, { books: [{ name: "a" }], titles: ["t"], first: { title: "é" } }),
    Cover: async () =>
      fromJson(methodOf("Cover").output, { image: { contentType: "image/png", data: "iVBORw==" }, note: "left out" }),
    DeleteBook: async (request, call) => {
      const { name } = toJson(methodOf("DeleteBook").input, request) as { name: string };
      call.responseHeader.append("x-deleted", name);
      throw name === "bug"
        ? new TypeError("secret")
        : new ConnectError(`no "${name}"`, Code[name as keyof typeof Code]);
    },
    GetBook: async (_, call) =>
      fromJson(BOOK, { title: call.requestHeader.get("x-title") ?? "", labels: { aborted: `${call.signal.aborted}` } }),
  },
  {
    limits: { bodyBytes: 1000, rawBodyBytes: 2000 },
    rawHeaders: (contentType) => ({ "x-raw": contentType }),
    onInternalError: (error) => internalErrors.push(error),
  },
);
const server = await startServer(transcoder);
afterAll(() => server[Symbol.asyncDispose]());

const JSON_HEADERS = { "content-type": "application/json" };

/** Calls `POST /v1/books` and the like with a JSON body; returns the status, the body and the recorded calls. */
async function call(line: string, body?: JsonValue | string, headers: Record<string, string> = JSON_HEADERS) {
  const [method = "", path = ""] = line.split(" ");
  calls.length = 0;
  const payload = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(server.url + path, { method, headers, ...(payload !== undefined && { body: payload }) });
  const content = await response.text();
  return { status: response.status, content, headers: response.headers, call: calls[0] };
}

describe("path and body", () => {
  test.each<[string, JsonValue | undefined, string, JsonValue]>([
    ["GET /v1/shelves/a/books/b%20c", undefined, "GetBook", { name: "shelves/a/books/b c" }],
    ["GET /v1/shelves/a%2Fb/books/%2f", undefined, "GetBook", { name: "shelves/a%2Fb/books/%2f" }],
    ["GET /v1/books/a%2Fb%25", undefined, "GetBook", { name: "a/b%" }],
    ["GET /v1/books/a+b", undefined, "GetBook", { name: "a+b" }],
    ["PUT /v1/anyhow/x", undefined, "GetBook", { name: "x" }],
    ["GET /v1/books/foo@sha256:12", undefined, "GetBook", { name: "foo@sha256:12" }],
    ["POST /v1/books/x:archive", {}, "Archive", { name: "x" }],
    ["POST /v1/books/x:archive", undefined, "Archive", { name: "x" }],
    ["POST /v1/books:archive?name=y", undefined, "Archive", { name: "y" }],
    ["POST /v1/files/a/b:archive", undefined, "Archive", { name: "a/b" }],
    ["PATCH /v1/books/x", { title: "t" }, "UpdateBook", { book: { name: "x", title: "t" } }],
    ["PATCH /v1/books/x?update_mask=title,extra", {}, "UpdateBook", { book: { name: "x" }, updateMask: "title,extra" }],
    ["POST /v1/books", { title: "t", id: 1 }, "CreateBook", { title: "t", id: 1 }],
    ["PUT /v1/shelves/s/books/7", { title: "t", id: 1 }, "CreateBook", { shelf: "s", title: "t", id: 7 }],
    ["POST /v1/tags?dry_run=true", ["a", "b"], "Tag", { tags: ["a", "b"], dryRun: true }],
    ["POST /v1/labels", { a: 1, __proto: 2 }, "Tag", { labels: { a: 1, __proto: 2 } }],
    ["POST /v1/note", '"hi"', "Tag", { note: "hi" }],
    ["POST /v1/count", "12", "Tag", { count: "12" }],
    ["POST /v1/extra", { a: [null] }, "Tag", { extra: { a: [null] } }],
    [
      "GET /v1/echo/-5/18446744073709551615/true/NOVEL/x/1e3/aGk",
      undefined,
      "Echo",
      {
        int32: -5,
        uint64: "18446744073709551615",
        bool: true,
        genre: "NOVEL",
        nested: { string: "x" },
        double: 1000,
        bytes: "aGk=",
      },
    ],
    ["GET /v1/choice/x", undefined, "Echo", { choiceText: "x" }],
  ])("%s %j", async (line, body, method, request) => {
    expect((await call(line, body)).call).toEqual({ method, request });
  });
});

describe("query", () => {
  test.each<[string, JsonValue]>([
    ["string=a+b%2B%26&optionalString=", { string: "a b+&", optionalString: "" }],
    [
      "int32=-1&int64=-9223372036854775808&uint32=4294967295&float=1.5&double=NaN",
      { int32: -1, int64: "-9223372036854775808", uint32: 4294967295, float: 1.5, double: "NaN" },
    ],
    ["bool=true&bytes=_-8&genre=POETRY", { bool: true, bytes: "/+8=", genre: "POETRY" }],
    ["genre=2&genres=1&genres=POETRY", { genre: "POETRY", genres: ["NOVEL", "POETRY"] }],
    ["strings=a&strings=&numbers=1&numbers=2", { strings: ["a", ""], numbers: ["1", "2"] }],
    [
      "nested.page_size=3&nested.deeper.string=x&nested.numbers=1",
      { nested: { pageSize: 3, deeper: { string: "x" }, numbers: [1] } },
    ],
    ["nested.pageSize=4", { nested: { pageSize: 4 } }],
    ["time=2020-01-02T03:04:05.006Z&duration=1.5s", { time: "2020-01-02T03:04:05.006Z", duration: "1.500s" }],
    [
      "times=2020-01-01T00:00:00Z&times=2021-01-01T00:00:00Z",
      { times: ["2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"] },
    ],
    ["mask=a,b_c,dE.f", { mask: "a,bC,dE.f" }],
    [
      "int64_value=0&stringValue=&bool_value=false&double_value=0.5&bytes_value=aGk",
      { int64Value: "0", stringValue: "", boolValue: false, doubleValue: 0.5, bytesValue: "aGk=" },
    ],
    ["value=%5B1,null%5D&struct=%7B%22a%22:1%7D", { value: [1, null], struct: { a: 1 } }],
    ["choice_number=1", { choiceNumber: 1 }],
    ["choice_nested.string=1&choice_nested.page_size=2", { choiceNested: { string: "1", pageSize: 2 } }],
    ["choice_wrapper=w", { choiceWrapper: "w" }],
    ["&&string=x&", { string: "x" }],
  ])("%s", async (query, request) => {
    expect((await call(`GET /v1/echo?${query}`)).call).toEqual({ method: "Echo", request });
  });

  test.each([
    ["bogus=1", '"bogus": library.v1.Everything has no field "bogus"'],
    ["__proto__=1", '"__proto__"'],
    ["constructor.prototype.x=1", '"constructor.prototype.x"'],
    ["nested.bogus=1", '"nested.bogus": library.v1.Nested has no field'],
    ["string.x=1", "library.v1.Everything.string is no single message"],
    ["map.a=1", "library.v1.Everything.map is no single message"],
    ["map=1", "is a map"],
    ["messages=1", "is a message"],
    ["messages.string=1", "is no single message"],
    ["nested=1", "is a message"],
    ["time.seconds=1", "is no single message"],
    ["string=a&string=b", '"string": it is given more than once'],
    ["nested.page_size=1&nested.pageSize=2", '"nested.pageSize": it is given more than once'],
    ["choice_text=a&choice_number=1", "choice_number excludes choice_text"],
    ["choice_number=1&choice_nested.string=a", "choice_nested excludes choice_number"],
    ["int32=x", 'expected an integer, got "x"'],
    ["int32=0x10", "expected an integer"],
    ["int32=", "expected an integer"],
    ["int32=2147483648", "out of range"],
    ["uint64=-1", "out of range"],
    ["int64=9223372036854775808", "out of range"],
    ["double=1,5", "expected a number"],
    ["bool=1", "expected true or false"],
    ["bytes=*", "base64"],
    ["genre=SCIENCE", "library.v1.Genre"],
    ["time=today", '"time": expected a time such as "2030-01-31T12:00:00Z", got "today"'],
    ["duration=1", '"duration": expected seconds such as "5s" or "0.25s", got "1"'],
    ["duration=1.0000000001s", '"duration"'],
    ["value=x", '"value"'],
    ["string=%zz", "percent-encoded"],
    ["%ff=1", "percent-encoded"],
    ["string=%C3", "percent-encoded"],
  ])("refuses %s", async (query, reason) => {
    const { status, content, call: made } = await call(`GET /v1/echo?${query}`);
    expect({ status, made }).toEqual({ status: 400, made: undefined });
    expect(JSON.parse(content)).toEqual({ code: "invalid_argument", message: expect.stringContaining(reason) });
  });

  test.each([
    ["GET /v1/books/x?name=y", "the path carries that field"],
    ["POST /v1/books?title=y", "the body carries that field"],
    ["PATCH /v1/books/x?book.title=y", "the body carries that field"],
    ["PATCH /v1/books/x?book.name=y", "the path carries that field"],
  ])("refuses %s", async (line, reason) => {
    expect((await call(line)).content).toContain(reason);
  });
});

describe("bad requests", () => {
  test.each<[string, string | undefined, string, string]>([
    [
      "POST /v1/books",
      "{",
      "application/json",
      "Cannot read the request body: cannot decode message library.v1.Book from JSON",
    ],
    ["POST /v1/books", '{"title":"a","title":"b"}', "application/json", 'duplicate object key "title"'],
    ["POST /v1/tags", '[],"dryRun":true', "application/json", "Cannot read the request body"],
    ["POST /v1/labels", '{"a":1,"a":2}', "application/json", "duplicate object key"],
    ["POST /v1/books", "{}", "text/plain", 'its content-type is "text/plain"; send "application/json"'],
    ["POST /v1/books", "{}", "application/json; charset=latin1", "content-type"],
    ["POST /v1/books", `${"[".repeat(400)}`, "application/json", "Cannot read the request body"],
    ["POST /v1/books:archive", "{}", "application/json", "this method has none"],
    ["PUT /v1/shelves/s/books/x", "{}", "application/json", "Cannot read {id} of the path"],
    [
      "GET /v1/books/%zz",
      undefined,
      "application/json",
      'Cannot read {name} of the path: "%zz" is not percent-encoded',
    ],
    ["GET /v1/files/a/%C3/b", undefined, "application/json", "percent-encoded"],
  ])("%s %j (%s)", async (line, body, contentType, reason) => {
    const { status, content, call: made } = await call(line, body, { "content-type": contentType });
    expect({ status, made }).toEqual({ status: 400, made: undefined });
    expect(JSON.parse(content)).toEqual({ code: "invalid_argument", message: expect.stringContaining(reason) });
  });

  test.each<[string, string, string]>([
    ["books", "[]", "expected an object, got a list"],
    ["books", '{"bogus":1}', 'library.v1.Book has no field "bogus"'],
    ["books", '{"__proto__":{"title":"x"}}', 'library.v1.Book has no field "__proto__"'],
    ["books", '{"title":"a","id":"x"}', 'id: expected a whole number from -2147483648 to 2147483647, got "x"'],
    ["books", '{"id":1e10}', "id: expected a whole number from -2147483648 to 2147483647, got 10000000000"],
    ["books", '{"title":{}}', "title: expected text, got an object"],
    ["books", '{"authors":"x"}', 'authors: expected a list, got "x"'],
    ["books", '{"authors":["a",1]}', "authors[1]: expected text, got 1"],
    ["books", '{"authors":[null]}', "authors[0]: expected text, got null"],
    ["books", '{"labels":[]}', "labels: expected an object, got a list"],
    ["books", '{"labels":{"a":"b","c d":true}}', 'labels["c d"]: expected text, got true'],
    ["books", '{"extra":"x"}', 'extra: expected an object, got "x"'],
    ["tags", '{"a":1}', "expected a list, got an object"],
    ["tags", "[1]", "[0]: expected text, got 1"],
    ["note", "1", "expected text, got 1"],
    ["count", '"x"', 'expected a whole number of 64 bits, got "x"'],
    ["extra", "[]", "expected an object, got a list"],
    ["echo", '{"duration":"5"}', 'duration: expected seconds such as "5s" or "0.25s", got "5"'],
    ["echo", '{"duration":5}', 'duration: expected seconds such as "5s" or "0.25s", got 5'],
    ["echo", '{"time":"today"}', 'time: expected a time such as "2030-01-31T12:00:00Z", got "today"'],
    ["echo", '{"times":["x"]}', 'times[0]: expected a time such as "2030-01-31T12:00:00Z", got "x"'],
    ["echo", '{"genre":"SCIENCE"}', 'genre: expected one of GENRE_UNSPECIFIED, NOVEL, POETRY, got "SCIENCE"'],
    ["echo", '{"bool":"yes"}', 'bool: expected true or false, got "yes"'],
    ["echo", '{"boolValue":"yes"}', 'boolValue: expected true or false, got "yes"'],
    ["echo", '{"bytes":"*"}', 'bytes: expected base64, got "*"'],
    ["echo", '{"uint64":-1}', "uint64: expected a whole number of 64 bits, not negative, got -1"],
    ["echo", '{"nested":{"deeper":{"page_size":"x"}}}', "nested.deeper.page_size: expected a whole number"],
    ["echo", '{"nested":{"deeper":{"bogus":1}}}', 'nested.deeper: library.v1.Nested has no field "bogus"'],
    ["echo", '{"nested":[]}', "nested: expected an object, got a list"],
    ["echo", '{"messages":[{},{"string":1}]}', "messages[1].string: expected text, got 1"],
    ["echo", '{"struct":{"a":1},"string":1}', "string: expected text, got 1"],
    ["books", `{"title":1,"name":"${"x".repeat(300)}"}`, "title: expected text, got 1"],
    ["books", `{"id":"${"x".repeat(300)}"}`, `got "${"x".repeat(100)}…"`],
  ])("a value of another form: %s %s", async (path, body, reason) => {
    const { status, content, call: made } = await call(`POST /v1/${path}`, body);
    expect({ status, made }).toEqual({ status: 400, made: undefined });
    const { code, message } = JSON.parse(content);
    expect({ code, message }).toEqual({
      code: "invalid_argument",
      message: expect.stringContaining(reason),
    });
    expect(message.startsWith("Cannot read the request body: ")).toBe(true);
  });

  test.each([
    ["books", '{"title":"a","title":"b"}', 'duplicate object key "title"'],
    ["echo", '{"nested":{"pageSize":1,"page_size":2}}', "library.v1.Nested.page_size from JSON: set multiple times"],
    ["echo", '{"choiceText":"a","choiceNumber":1}', "oneof set multiple times"],
    ["echo", `{"value":${"[".repeat(200)}${"]".repeat(200)}}`, "maximum recursion depth"],
    ["echo", `{"struct":{"a":${"[".repeat(200)}${"]".repeat(200)}}}`, "struct: cannot decode"],
    ["echo", `{"numbers":[${"1,".repeat(400)}"x"]}`, "numbers[400]: expected a whole number of 64 bits"],
  ])("what is not the fault of one value is told by the decoder: %s %s", async (path, body, reason) => {
    const { status, content } = await call(`POST /v1/${path}`, body);
    expect({ status, message: JSON.parse(content).message }).toEqual({
      status: 400,
      message: expect.stringContaining(reason),
    });
  });

  test.each(["PUT /v1/files", "PUT /v1/files/"])(
    "an upload to a path without the name of what it stores: %s",
    async (line) => {
      const { status, content, call: called } = await call(line, "x");
      expect({ status, called, message: JSON.parse(content).message }).toEqual({
        status: 400,
        called: undefined,
        message: `Cannot ${line}: the path does not name what it stores; send PUT /v1/files/{name}`,
      });
    },
  );

  test("a body that is not UTF-8", async () => {
    const response = await fetch(`${server.url}/v1/books`, {
      method: "POST",
      headers: JSON_HEADERS,
      body: Buffer.from([0x22, 0xff, 0x22]),
    });
    expect(await response.json()).toEqual({
      code: "invalid_argument",
      message: "Cannot read the request body: it is not UTF-8",
    });
  });

  test.each([
    "application/json;charset=utf-8",
    'application/json; charset="UTF-8"',
    "application/problem+json",
    "Application/JSON",
  ])("content-type %s is JSON", async (contentType) => {
    expect((await call("POST /v1/books", "{}", { "content-type": contentType })).status).toBe(200);
  });

  test("a key __proto__ in a map or struct is a key like any other", async () => {
    const body = '{"extra":{"__proto__":{"polluted":true}},"labels":{"__proto__":"x"}}';
    const { content } = await call("POST /v1/books", body);
    expect(JSON.parse(content)).toEqual(JSON.parse(body));
    expect("polluted" in {}).toBe(false);
  });

  test.each([
    ["POST /v1/books", JSON.stringify({ title: "x".repeat(1000) }), 1000],
    ["POST /v1/mirror", "x".repeat(2001), 2000],
  ])("a body over the limit: %s", async (line, body, limit) => {
    const { status, content } = await call(line, body);
    expect({ status, ...JSON.parse(content) }).toEqual({
      status: 413,
      code: "resource_exhausted",
      message: `Cannot read the request body: it has more than ${limit} bytes, the most that this method takes`,
    });
  });

  test("a chunked body over the limit, on a connection that goes on", async () => {
    const socket = net.connect(server.port, "127.0.0.1");
    const chunk = `400\r\n${"x".repeat(0x400)}\r\n`;
    socket.write(
      `POST /v1/mirror HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(64)}0\r\n\r\n`,
    );
    socket.write("GET /v1/books/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    const answers = await text(socket);
    expect(answers.match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 413", "HTTP/1.1 200"]);
  });

  test("a path that is not ASCII", async () => {
    const socket = net.connect(server.port, "127.0.0.1");
    socket.write("GET /v1/books/é HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1.1 400/);
  });

  test("a whole URL as the target", async () => {
    const socket = net.connect(server.port, "127.0.0.1");
    socket.write("GET http://x:80/v1/books/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200/);
  });
});

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

describe("createTranscoder()", () => {
  test("route() looks at method and path", () => {
    const request = { method: "POST", url: "/v1/books/x:archive?a" } as Parameters<typeof transcoder.route>[0];
    const route = transcoder.route(request);
    expect(route?.method.name).toBe("Archive");
    expect(route?.template).toBe("/v1/books/{name}:archive");
  });

  test("leaves out methods without an annotation", () => {
    expect(library.methods.map((method) => method.name)).toContain("Hidden");
  });

  test.each<[JsonValue, string]>([
    [{ get: "/v1/{bogus}" }, 'Cannot bind one.One.Do to HTTP: one.Request has no field "bogus"'],
    [{ get: "/v1/{list}" }, "{list} is not a singular scalar or enum field"],
    [{ get: "/v1/{self}" }, "{self} is not a singular scalar or enum field"],
    [{ get: "/v1/{name.x}" }, "is no single message"],
    [{ get: "v1" }, 'Cannot parse path template "v1"'],
    [{ get: "/v1", body: "*" }, "GET has no body"],
    [{ post: "/v1", body: "bogus" }, 'no field "bogus"'],
    [{ post: "/v1", responseBody: "bogus" }, 'no field "bogus"'],
    [{ body: "*" }, "a rule has no path"],
    [{ get: "/a", additionalBindings: [{ get: "/b", additionalBindings: [{ get: "/c" }] }] }, "additional_bindings"],
    [{ get: "/a/{name}", additionalBindings: [{ get: "/a/*" }] }, "matches the same requests"],
  ])("refuses %j", (rule, reason) => {
    expect(() =>
      createTranscoder({ services: [oneMethodService(rule)], invoke: () => Promise.reject(new Error()) }),
    ).toThrow(reason);
  });

  test("refuses streams of requests", () => {
    const service = oneMethodService({ post: "/v1" }, { clientStreaming: true });
    expect(() => createTranscoder({ services: [service], invoke: () => Promise.reject(new Error()) })).toThrow(
      "REST has no streams of requests",
    );
  });
});

test("%2F in a variable of several segments is a slash where the server is to take it for one", async () => {
  const open = openLibrary({}, { decodesSlashes: true });
  await using lenient = await startServer(open.transcoder);
  for (const path of ["/v1/files/a%2Fb/c", "/v1/files/a%252Fb", "/v1/books/a%2Fb"]) await fetch(lenient.url + path);
  expect(open.calls.map(({ request }) => request)).toEqual([{ name: "a/b/c" }, { name: "a%2Fb" }, { name: "a/b" }]);
});
