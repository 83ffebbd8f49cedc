import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type AbusedHearth, startAbusedHearth } from "./abused_hearth.ts";

let abused: AbusedHearth;
beforeAll(async () => {
  // Where all origins may call, nobody looks at the name that a request is for.
  abused = await startAbusedHearth({ gateway: { allowedOrigins: "*" } });
});
afterEach(() => abused.expectWell());
afterAll(() => abused?.[Symbol.asyncDispose]());

const PATHS = [
  "/hearth.v1.JobService/ListJobs",
  "/grpc.health.v1.Health/Check",
  "/v1/jobs",
  "/jobs",
  "/",
  "/openapi.json",
];

test.each([
  ["with no host", "HTTP/1.0\r\n"],
  ["with an empty host", "HTTP/1.1\r\nhost: \r\n"],
  ["with a host that is none", "HTTP/1.1\r\nhost: [\r\n"],
  ["with a port that is none", "HTTP/1.1\r\nhost: a:b:c\r\n"],
  ["with two hosts", "HTTP/1.1\r\nhost: a\r\nhost: b\r\n"],
])("a request %s is answered", async (_, head) => {
  for (const path of PATHS) {
    for (const method of ["GET", "POST"]) {
      const answer = await abused.say(
        `${method} ${path} ${head}connection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
      );
      expect([method, path, answer]).toEqual([method, path, expect.stringMatching(/^HTTP\/1\.1 [245]/)]);
    }
  }
});

test.each([
  "http://[/v1/jobs",
  "//",
  "//[/v1/jobs",
  "*",
  "http://",
  "/%",
  "/hearth.v1.JobService/ListJobs?%",
  "?",
  "\\\\",
])("a request for %s is answered", async (target) => {
  for (const method of ["GET", "POST", "OPTIONS", "CONNECT"]) {
    const answer = await abused.say(`${method} ${target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
    expect([method, answer]).toEqual([method, expect.stringMatching(/^(HTTP\/1\.1 [245]|$)/)]);
  }
});
