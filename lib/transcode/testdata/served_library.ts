import { fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { known, methodOf, openLibrary, registry } from "./library.ts";
import { startServer } from "./server.ts";

export const BOOK = known(registry.getMessage("library.v1.Book"));

export const JSON_HEADERS = { "content-type": "application/json" };

/** Serves a library whose methods return, fail and set headers in all ways. */
export async function startLibrary() {
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
        fromJson(BOOK, {
          title: call.requestHeader.get("x-title") ?? "",
          labels: { aborted: `${call.signal.aborted}` },
        }),
    },
    {
      limits: { bodyBytes: 1000, rawBodyBytes: 2000 },
      rawHeaders: (contentType) => ({ "x-raw": contentType }),
      onInternalError: (error) => internalErrors.push(error),
    },
  );
  const server = await startServer(transcoder);

  /** Calls `POST /v1/books` and the like with a JSON body; returns the status, the body and the recorded calls. */
  async function call(line: string, body?: JsonValue | string, headers: Record<string, string> = JSON_HEADERS) {
    const [method = "", path = ""] = line.split(" ");
    calls.length = 0;
    const payload = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(server.url + path, {
      method,
      headers,
      ...(payload !== undefined && { body: payload }),
    });
    const content = await response.text();
    return { status: response.status, content, headers: response.headers, call: calls[0] };
  }

  return { server, transcoder, internalErrors, call, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}
