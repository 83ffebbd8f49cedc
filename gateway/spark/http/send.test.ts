import { once } from "node:events";
import { createServer, get, request as requestOf, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { sendAnswer } from "./send.ts";

/** Resolves when the content of the response is closed. */
let closed: PromiseWithResolvers<void>;
let server: Server;

beforeAll(async () => {
  server = createServer((request, response) => {
    const answer = { status: 200, headers: { "content-type": "text/plain" }, body: endless() };
    sendAnswer(response, answer, { request }).catch(() => response.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
});
beforeEach(() => {
  closed = Promise.withResolvers();
});
afterAll(() => server.close());

async function* endless(): AsyncGenerator<string> {
  try {
    for (;;) yield "a line of a content that is long enough\n".repeat(1000);
  } finally {
    closed.resolve();
  }
}

const target = () => ({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, agent: false });

test("sendAnswer() closes the content of a response to HEAD", async () => {
  const asked = requestOf({ ...target(), method: "HEAD" }).end();
  const [response] = await once(asked, "response");
  expect(response.statusCode).toBe(200);
  await closed.promise;
});

test.each([{}, { "accept-encoding": "gzip" }])(
  "the content of an answer is closed when the client leaves: %o",
  async (headers) => {
    const asked = get({ ...target(), headers });
    asked.on("error", () => {});
    await once(asked, "response");
    asked.destroy();
    await closed.promise;
  },
);
