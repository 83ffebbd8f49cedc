import type { JsonValue } from "@bufbuild/protobuf";
import { afterAll, describe, expect, test } from "vitest";
import { openLibrary } from "./testdata/library.ts";
import { startLibrary } from "./testdata/served_library.ts";
import { startServer } from "./testdata/server.ts";

const served = await startLibrary();
afterAll(() => served[Symbol.asyncDispose]());
const { call } = served;

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
    ["string.x=1", "library.v1.Everything.string is not a singular message"],
    ["map.a=1", "library.v1.Everything.map is not a singular message"],
    ["map=1", "is a map"],
    ["messages=1", "is a message"],
    ["messages.string=1", "is not a singular message"],
    ["nested=1", "is a message"],
    ["time.seconds=1", "is not a singular message"],
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

test("%2F in a variable of several segments is a slash where the server is to take it for one", async () => {
  const open = openLibrary({}, { decodesSlashes: true });
  await using lenient = await startServer(open.transcoder);
  for (const path of ["/v1/files/a%2Fb/c", "/v1/files/a%252Fb", "/v1/books/a%2Fb"]) await fetch(lenient.url + path);
  expect(open.calls.map(({ request }) => request)).toEqual([{ name: "a/b/c" }, { name: "a%2Fb" }, { name: "a/b" }]);
});
