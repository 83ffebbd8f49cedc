import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Core } from "../../core.ts";
import { createContentReader } from "./content.ts";

const { signal } = new AbortController();

test("createContentReader() reads one content at a time, and goes on after one that fails", async () => {
  let open = 0;
  let most = 0;
  async function* content() {
    open += 1;
    most = Math.max(most, open);
    for (const byte of [1, 2, 3]) {
      await nextTurn();
      yield Uint8Array.of(byte);
    }
    open -= 1;
  }
  const blobs = { open: async (digest: string) => (digest === "lost" ? undefined : ReadableStream.from(content())) };
  const read = createContentReader({ blobs: blobs as unknown as Core["blobs"] });

  const reads = ["a", "lost", "b", "c"].map((digest) => read(digest, { signal }));

  const bytes = { status: "fulfilled", value: Buffer.from([1, 2, 3]) };
  expect(await Promise.allSettled(reads)).toMatchObject([bytes, { status: "rejected" }, bytes, bytes]);
  expect(most).toBe(1);
});

test("createContentReader() opens nothing for who has left before its turn", async () => {
  const read = createContentReader({ blobs: {} as Core["blobs"] });
  const reason = new Error("left");
  await expect(read("a", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
