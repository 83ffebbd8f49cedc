import { fromJson } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { NodeWall_Kind as Kind, ListNodesResponseSchema, type NodeWall } from "../../../proto/mod.ts";
import { createRest } from "../../http/rest.ts";
import { startHearth } from "../../system/hearth.ts";

async function wallsOf(url: string): Promise<NodeWall[] | undefined> {
  const { body } = await createRest(url).call("GET", "/v1/nodes");
  return fromJson(ListNodesResponseSchema, body).nodes[0]?.walls;
}

test("GET /v1/nodes reports the isolation of contexts", async () => {
  await using hearth = await startHearth();
  const walls = (await wallsOf(hearth.url)) ?? [];
  expect(walls.map(({ kind }) => kind)).toEqual([
    ...[Kind.USER, Kind.FILES, Kind.PROCESSES, Kind.NETWORK],
    ...[Kind.SYSCALLS, Kind.PRIVILEGES, Kind.LIMITS, Kind.RESOURCES],
  ]);
  for (const { detail } of walls) expect(detail).not.toBe("");
  expect(walls.find(({ kind }) => kind === Kind.SYSCALLS)).toMatchObject({
    stands: true,
    detail: "a seccomp filter allows what Deno needs",
  });
});

test("a node whose isolation is off reports none", async () => {
  await using hearth = await startHearth({ config: { node: { sandbox: { isolation: "off" } } } });
  expect(await wallsOf(hearth.url)).toEqual([]);
});
