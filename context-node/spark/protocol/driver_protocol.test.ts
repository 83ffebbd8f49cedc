import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import * as protocol from "./driver_protocol.ts";

test("node and driver have the same constants", async () => {
  const source = await readFile(resolve(import.meta.dirname, "../driver/protocol/Protocol.scala"), "utf8");
  const constants = [...source.matchAll(/val (\w+): (?:Int|Long|Byte) = ([\d *L]+)/g)].map(([, name, product = ""]) => [
    name,
    product.split("*").reduce((value, factor) => value * Number.parseInt(factor, 10), 1),
  ]);
  expect(Object.fromEntries(constants)).toMatchObject({
    LargestDriverFrameBytes: protocol.LARGEST_DRIVER_FRAME_BYTES,
    LargestNodeFrameBytes: protocol.LARGEST_NODE_FRAME_BYTES,
    PartWindowBytes: protocol.PART_WINDOW_BYTES,
    LargestWholeResult: protocol.LARGEST_WHOLE_RESULT,
    BeatMs: protocol.BEAT_MS,
    NodeSilenceMs: protocol.NODE_SILENCE_MS,
    MostStages: protocol.MOST_STAGES,
    KindMessage: protocol.Kind.MESSAGE,
    KindPart: protocol.Kind.PART,
    KindContent: protocol.Kind.CONTENT,
  });
});
