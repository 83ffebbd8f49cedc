import net from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, describe, expect, test } from "vitest";
import { JSON_HEADERS, startLibrary } from "./testdata/served_library.ts";

const served = await startLibrary();
afterAll(() => served[Symbol.asyncDispose]());
const { call, server } = served;

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
        message: `Cannot ${line}: the path does not name the object to store; send PUT /v1/files/{name}`,
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
      message: `Cannot read the request body: it has more than ${limit} bytes, the limit of this method`,
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
