import { create } from "@bufbuild/protobuf";
import { type HttpBody, HttpBodySchema } from "../../proto/mod.ts";
import type { Core } from "../core.ts";

/** The whole content of a digest that the record names. */
export async function readContent({ blobs }: Pick<Core, "blobs">, digest: string): Promise<Uint8Array> {
  return readAll(await openContent({ blobs }, digest));
}

export async function readAll(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(content));
}

/** The content of a digest that the record names, as a stream. */
export async function openContent({ blobs }: Pick<Core, "blobs">, digest: string): Promise<ReadableStream<Uint8Array>> {
  const content = await blobs.open(digest);
  if (content === undefined) throw new Error(`The blob store has lost ${digest}`);
  return content;
}

/** A content as the messages of a streamed HttpBody: the first tells the type. */
export async function* toHttpBodies(content: AsyncIterable<Uint8Array>, contentType: string): AsyncGenerator<HttpBody> {
  yield create(HttpBodySchema, { contentType });
  for await (const data of content) yield create(HttpBodySchema, { data });
}
