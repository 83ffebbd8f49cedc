import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { vi } from "vitest";
import type { EventOptions, HttpResponse } from "../mod.ts";
import type { Protocol } from "./client.ts";
import { known, type Methods, methodOf, openLibrary } from "./library.ts";
import { startServer } from "./server.ts";

/** A message of a stream. */
export const change = (seq: number, more = "") => fromJson(methodOf("Watch").output, { seq, text: `t${seq}${more}` });
/** A message of a stream of bytes. */
export const chunk = (data: string, contentType = "") =>
  fromJson(methodOf("Download").output, { data: Buffer.from(data).toString("base64"), contentType });

export const EVENTS: EventOptions = {
  eventId: (_, message) => ("seq" in message ? String(message.seq) : undefined),
  eventType: (method) => method.name.toLowerCase(),
  resumeFields: ["after_seq"],
};

/** Serves these methods of the library over one protocol, and records their calls, responses and errors. */
export async function serveMethods(protocol: Protocol, methods: Methods, events: EventOptions = EVENTS) {
  const internalErrors: unknown[] = [];
  const { transcoder, calls } = openLibrary(methods, {
    events,
    onInternalError: (error) => internalErrors.push(error),
    limits: { bodyBytes: 1000 },
  });
  const responses: HttpResponse[] = [];
  const handled: Promise<boolean>[] = [];
  const watched: typeof transcoder = {
    ...transcoder,
    handle(request, response) {
      responses.push(response);
      handled.push(transcoder.handle(request, response));
      return known(handled.at(-1));
    },
  };
  const server = await startServer(watched, { protocol });
  return {
    server,
    calls,
    responses,
    handled,
    internalErrors,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Waits for a condition, also on a busy machine. */
export function waitUntil(condition: () => unknown): Promise<unknown> {
  return vi.waitUntil(condition, { timeout: 20_000, interval: 5 });
}

export async function json(body: Readable): Promise<Record<string, JsonValue>> {
  return JSON.parse(await text(body));
}
