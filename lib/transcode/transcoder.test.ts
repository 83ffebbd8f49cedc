import type { JsonValue } from "@bufbuild/protobuf";
import { afterAll, describe, expect, test } from "vitest";
import { createTranscoder } from "./mod.ts";
import { library } from "./testdata/library.ts";
import { oneMethodService } from "./testdata/one_method.ts";
import { startLibrary } from "./testdata/served_library.ts";

const served = await startLibrary();
afterAll(() => served[Symbol.asyncDispose]());
const { transcoder } = served;

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
    [{ get: "/v1/{name.x}" }, "is not a singular message"],
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
      "REST does not support client streaming",
    );
  });
});
