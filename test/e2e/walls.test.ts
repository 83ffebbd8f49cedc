import { expect, test } from "vitest";
import { startHearth } from "../harness.ts";
import { createRest } from "../rest.ts";

test("GET /v1/nodes says which walls stand around contexts, and how", async () => {
  await using hearth = await startHearth();
  const { body } = await createRest(hearth.url).call("GET", "/v1/nodes");
  const [node] = body.nodes;
  expect(node.walls.map(({ kind }: { kind: string }) => kind)).toEqual([
    ...["USER", "FILES", "PROCESSES", "NETWORK", "SYSCALLS", "PRIVILEGES", "LIMITS", "RESOURCES"],
  ]);
  for (const { kind, detail } of node.walls) expect(`${kind}: ${detail}`).toMatch(/^[A-Z]+: \S+/);
  expect(node.walls.find(({ kind }: { kind: string }) => kind === "SYSCALLS")).toEqual({
    kind: "SYSCALLS",
    stands: true,
    detail: "a seccomp filter allows what Deno needs",
  });
});

test("a node whose isolation is off has no walls", async () => {
  await using hearth = await startHearth({ config: { node: { sandbox: { isolation: "off" } } } });
  const { body } = await createRest(hearth.url).call("GET", "/v1/nodes");
  expect(body.nodes[0]).not.toHaveProperty("walls");
});
