import { expect, test } from "vitest";
import { createRest } from "../../http/rest.ts";
import { startHearth, untilNodesAreReady } from "../../system/hearth.ts";

test("a context is placed only on a node with its labels", async () => {
  await using labelled = await startHearth({ config: { node: { labels: { zone: "a", gpu: "no" } } } });
  const client = createRest(labelled.url);
  await client.upload("jobs", "export const echo = ({ config }) => config;");
  const { body } = await client.call("GET", "/v1/nodes");
  expect(body).toMatchObject({ nodes: [{ labels: { zone: "a", gpu: "no" } }] });
  await untilNodesAreReady(labelled.url, 1);
  expect(await client.createContext("here", { nodeLabels: { zone: "a" } })).toMatchObject({ name: "here" });
  for (const [settings, status, code, why] of [
    [{ nodeLabels: { zone: "b" } }, 503, "unavailable", "there is no context node with the labels zone=b;"],
    [
      { nodeLabels: { zone: "a" }, memoryBytes: String(2 ** 40) },
      429,
      "resource_exhausted",
      `none of 1 node(s) with the labels zone=a has ${2 ** 40} bytes of memory to promise;`,
    ],
  ] as const) {
    const told = { status, body: { code, message: expect.stringContaining(`Cannot place the context: ${why}`) } };
    expect(await client.call("POST", "/v1/contexts", { name: "there", settings })).toMatchObject(told);
    expect(await client.call("POST", "/v1/jobs", { binary: "jobs", contextSettings: settings })).toMatchObject(told);
  }
});

test("contexts that are created at once are placed on nodes with room for all of them", async () => {
  await using small = await startHearth({ nodes: 2, config: { node: { memoryBytes: 1024 ** 3 } } });
  const client = createRest(small.url);
  // Each node has room for two contexts of 512 MiB.
  const names = ["a", "b", "c", "d"];
  const created = await Promise.all(names.map((name) => client.createContext(name)));
  const nodes = Map.groupBy(created, ({ nodeId }) => nodeId);
  expect([...nodes.values()].map(({ length }) => length)).toEqual([2, 2]);
  const { status, body } = await client.call("POST", "/v1/contexts", { name: "e" });
  expect({ status, body }).toMatchObject({ status: 429, body: { code: "resource_exhausted" } });
});
