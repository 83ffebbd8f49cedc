import { gzipSync } from "node:zlib";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BinaryService, JobService } from "../../../proto/mod.ts";
import { createRest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

let hearth: Hearth;

beforeAll(async () => {
  hearth = await startHearth({ nodes: 0, config: { gateway: { limits: { messageBytes: 1024 * 1024 } } } });
  await createRest(hearth.url).upload("http", "export const echo = ({ config }) => config;");
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

describe("Connect", () => {
  test("supports GET for methods without side effects", async () => {
    const message = encodeURIComponent(JSON.stringify({ name: "http" }));
    const url = `${hearth.url}/hearth.v1.BinaryService/GetBinary?connect=v1&encoding=json&message=${message}`;
    const response = await fetch(url);
    expect([response.status, await response.json()]).toMatchObject([200, { name: "http" }]);
    const transport = createConnectTransport({ baseUrl: hearth.url, httpVersion: "1.1", useHttpGet: true });
    expect(await createClient(BinaryService, transport).getBinary({ name: "http" })).toMatchObject({ name: "http" });
    const writing = await fetch(`${hearth.url}/hearth.v1.JobService/RunJob?connect=v1&encoding=json&message=%7B%7D`);
    expect([writing.status, writing.headers.get("allow")]).toEqual([405, "POST"]);
  });

  test("limits the decompressed size of a GET message", async () => {
    const bomb = gzipSync(`{"states":[${"1,".repeat(30_000)}1]}`).toString("base64url");
    const query = `connect=v1&encoding=json&base64=1&compression=gzip&message=${bomb}`;
    const response = await fetch(`${hearth.url}/hearth.v1.JobService/ListJobs?${query}`);
    expect([response.status, await response.json()]).toMatchObject([400, { code: "invalid_argument" }]);
  });

  test("returns unimplemented for unknown methods and services", async () => {
    for (const path of ["/hearth.v1.JobService/Nothing", "/some.v1.Service/Method"]) {
      const response = await fetch(hearth.url + path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      });
      expect([response.status, await response.json()]).toMatchObject([404, { code: "unimplemented" }]);
    }
    const grpc = createClient(JobService, createGrpcTransport({ baseUrl: `${hearth.url}/elsewhere` }));
    await expect(grpc.getJob({})).rejects.toThrow("[unimplemented]");
  });
});
