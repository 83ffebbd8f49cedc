import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { type Sent, send } from "../spark/client.ts";

let hearth: Hearth;

beforeAll(async () => {
  hearth = await startHearth();
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

const ORIGIN = "https://page.example";

const REQUESTS: readonly Sent[] = [
  { method: "POST", target: "/contexts/made" },
  { method: "GET", target: "/contexts/made?_method=POST" },
  { method: "OPTIONS", target: "/jobs", headers: { "access-control-request-method": "POST" } },
  { method: "GET", target: "/" },
  { method: "POST", target: "/v1/contexts", headers: { "content-type": "application/json" }, body: '{"name":"made"}' },
  { method: "POST", target: "/v1/contexts", headers: { "content-type": "text/plain" }, body: '{"name":"made"}' },
  ...["application/json", "application/connect+json", "application/grpc-web+proto", "text/plain"].map((type) => ({
    method: "POST",
    target: "/hearth.v1.ContextService/CreateContext",
    headers: { "content-type": type },
    body: '{"name":"made"}',
  })),
  { method: "GET", target: "/openapi.json" },
  { method: "GET", target: "/nothing" },
];

test.each(REQUESTS)("$method $target of another origin's page is refused before anything is done", async (sent) => {
  const answer = await send(hearth.url, { ...sent, headers: { ...sent.headers, origin: ORIGIN } });
  const message = `Cannot serve pages of "${ORIGIN}": gateway.allowedOrigins does not have it`;
  const isJson = answer.headers["content-type"] === "application/json";
  expect(answer.status).toBe(403);
  expect(isJson ? JSON.parse(answer.text).message : answer.text).toBe(message);
  expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
  expect(await contexts()).toEqual([]);
});

test("a host name that is not loopback's is refused, against DNS rebinding", async () => {
  const rebound = { method: "POST", target: "/contexts/made", headers: { host: "page.example:8090" } };
  const { status, text } = await send(hearth.url, rebound);
  expect({ status, text }).toEqual({
    status: 403,
    text: 'Cannot serve as "page.example": this gateway is called by a name or address of loopback',
  });
  expect(await contexts()).toEqual([]);
});

test("origin and host are checked over HTTP/2 as well", async () => {
  const session = connectHttp2(hearth.url);
  const asked = [{ origin: ORIGIN }, { ":authority": "page.example" }, { origin: "http://localhost:3000" }].map(
    async (headers) => {
      const stream = session.request({ ":path": "/contexts", ...headers });
      const [answer] = await once(stream, "response");
      stream.resume();
      return answer[":status"];
    },
  );
  expect(await Promise.all(asked)).toEqual([403, 403, 200]);
  session.close();
});

test("requests of loopback pages and of the gateway's own pages are served", async () => {
  const { host, origin } = new URL(hearth.url);
  const asked = ["http://localhost:3000", "https://[::1]", origin].map((each) =>
    send(hearth.url, { method: "GET", target: "/contexts", headers: { host, origin: each } }),
  );
  const answers = await Promise.all(asked);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
});

const PREFLIGHT = { method: "OPTIONS", headers: { "access-control-request-method": "POST" } };

test.each(["/v1/contexts", "/hearth.v1.ContextService/ListContexts", "/openapi.json"])(
  "a page that may call may read what %s answers",
  async (target) => {
    const origin = "http://localhost:3000";
    const asked = { ...PREFLIGHT.headers, "access-control-request-headers": "content-type,authorization", origin };
    const preflight = await send(hearth.url, { ...PREFLIGHT, target, headers: asked });
    expect(preflight).toMatchObject({
      status: 204,
      headers: {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
        "access-control-allow-headers": "content-type,authorization",
        vary: "Origin",
      },
    });
    const isRpc = target.startsWith("/hearth");
    const call = { method: isRpc ? "POST" : "GET", target, body: isRpc ? "{}" : undefined };
    const answer = await send(hearth.url, { ...call, headers: { origin, "content-type": "application/json" } });
    expect(answer).toMatchObject({
      status: 200,
      headers: {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": expect.stringContaining("Grpc-Status"),
      },
    });
    expect(answer.headers).not.toHaveProperty("access-control-allow-credentials");
  },
);

test("pages of listed origins may send what a browser keeps, other pages are refused", async () => {
  await using listed = await startHearth({ config: { gateway: { allowedOrigins: [ORIGIN] } } });
  const ask = (origin: string) =>
    send(listed.url, { ...PREFLIGHT, target: "/v1/jobs", headers: { ...PREFLIGHT.headers, origin } });
  expect(await ask(ORIGIN)).toMatchObject({
    status: 204,
    headers: { "access-control-allow-origin": ORIGIN, "access-control-allow-credentials": "true" },
  });
  expect((await ask("https://other.example")).status).toBe(403);
});

async function contexts(): Promise<unknown> {
  return JSON.parse((await send(hearth.url, { method: "GET", target: "/contexts" })).text);
}
