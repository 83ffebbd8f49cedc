import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { hashContent } from "./hash.ts";

test.each([0, 1, 4 * 1024 * 1024, 9 * 1024 * 1024 + 3])(
  "hashContent() of %s bytes is their SHA-256",
  async (length) => {
    const content = new Uint8Array(length).fill(7);
    const digest = await hashContent(content);
    expect(digest).toBe(`sha256:${createHash("sha256").update(content).digest("hex")}`);
  },
);
