import { PassThrough } from "node:stream";
import { create } from "@bufbuild/protobuf";
import { afterEach, expect, test, vi } from "vitest";
import type { BlobStore } from "../../plugins/contract/mod.ts";
import { JobEventSchema } from "../../proto/mod.ts";
import type { GatewayMessage, OpenRequest } from "../../proto/node.ts";
import { BlobStreams } from "../nodes/blob_streams.ts";
import { FrameWriter } from "../nodes/frames.ts";
import type { NodeSession } from "../nodes/mod.ts";
import { canBringResult } from "./ingest.ts";

const succeeded = create(JobEventSchema, {
  jobId: "j",
  event: { case: "succeeded", value: { result: { digest: "sha256:large" } } },
});

/** A session whose node gets what is asked of it, and answers as the test says. */
function openBlobs() {
  const asked: GatewayMessage[] = [];
  const stream = new PassThrough({ objectMode: true });
  stream.on("data", ({ messages }: OpenRequest) => asked.push(...messages));
  const blobs = new BlobStreams(new FrameWriter(stream as unknown as ConstructorParameters<typeof FrameWriter>[0]));
  const session = { blobs } as NodeSession;
  const deps = { blobs: { renew: async () => false } as unknown as BlobStore };
  return { asked, blobs, ask: () => canBringResult(deps, succeeded, { session }) };
}

const chunk = { requestId: 1, bytes: Uint8Array.of(1), last: false, error: "", mediaType: "" };

afterEach(() => {
  vi.useRealTimers();
});

test("canBringResult() answers what the node says", async () => {
  const has = openBlobs();
  const there = has.ask();
  await vi.waitFor(() => expect(has.asked).toHaveLength(1));
  has.blobs.receive(chunk);
  expect(await there).toBe(true);

  const hasNot = openBlobs();
  const gone = hasNot.ask();
  await vi.waitFor(() => expect(hasNot.asked).toHaveLength(1));
  hasNot.blobs.receive({ ...chunk, bytes: new Uint8Array(), last: true, error: "no such content" });
  expect(await gone).toBe(false);
});

test("canBringResult() rejects when the node is silent, and when the session ends", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const silent = openBlobs();
  const unknown = expect(silent.ask()).rejects.toThrow("The node sent nothing of sha256:large for 30000 ms");
  await vi.advanceTimersByTimeAsync(30_000);
  await unknown;

  const ending = openBlobs();
  const over = expect(ending.ask()).rejects.toThrow("the session is over");
  await vi.advanceTimersByTimeAsync(1);
  ending.blobs.close(new Error("the session is over"));
  await over;
});
