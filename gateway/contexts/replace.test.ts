import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { NodeRuntimeSchema, Runtime } from "../../proto/mod.ts";
import { sampleContext } from "../../test/contract/samples.ts";
import type { NodeSession } from "../nodes/mod.ts";
import { replaceContext } from "./replace.ts";

type Deps = Parameters<typeof replaceContext>[0];

const SPARK = { runtime: Runtime.SPARK, available: true };
const SPARK_3 = [create(NodeRuntimeSchema, { ...SPARK, version: "3.5.9", scalaVersion: "2.12" })];
const SPARK_4 = [create(NodeRuntimeSchema, { ...SPARK, version: "4.3.0", scalaVersion: "2.13" })];

test.each([
  { says: "prefers a node with the Spark that the lost one had", lost: SPARK_3, to: "small" },
  { says: "takes the node with most room when that of the lost one is unknown", lost: [], to: "large" },
])("replaceContext() $says", async ({ lost, to }) => {
  const moves: string[] = [];
  const session = (nodeId: string, freeMemoryBytes: number, runtimes: typeof SPARK_3) =>
    ({ nodeId, freeMemoryBytes, runtimes, ...{ labels: {}, reserve() {}, send() {} } }) as unknown as NodeSession;
  const context = sampleContext(1, { nodeId: "gone", settings: { runtime: Runtime.SPARK } });
  const deps = {
    nodes: {
      sessions: () => [session("large", 2 ** 40, SPARK_4), session("small", 2 ** 35, SPARK_3)],
      runtimes: () => lost,
    },
    contexts: {
      async move(_id: string, { to: nodeId }: { to: string }) {
        moves.push(nodeId);
        return { ...context, nodeId };
      },
    },
  } as unknown as Deps;
  expect(await replaceContext(deps, context)).toBe(true);
  expect(moves).toEqual([to]);
});
