import { expect, test } from "vitest";
import { createAddressRule } from "../../cluster/mod.ts";
import { startHttpReceiver } from "../../test/http/receiver.ts";
import { post } from "./post.ts";

const isAllowed = createAddressRule(["127.0.0.1"]);
const { signal } = new AbortController();
const usual = { headers: { "x-a": "b" }, body: "ü", isAllowed, timeoutMs: 5000, signal };

test("post() sends headers and body and returns the status", async () => {
  await using receiver = await startHttpReceiver((response) => response.writeHead(418).end("no tea"));

  expect(await post(new URL(`${receiver.url}/hook?a=1`), usual)).toBe(418);
  expect(receiver.received).toMatchObject([
    { method: "POST", path: "/hook?a=1", headers: { "x-a": "b", "content-length": "2" }, body: "ü" },
  ]);
});

test("post() does not follow redirects", async () => {
  await using target = await startHttpReceiver();
  await using receiver = await startHttpReceiver((response) => response.writeHead(307, { location: target.url }).end());

  expect(await post(new URL(receiver.url), usual)).toBe(307);
  expect(target.received).toEqual([]);
});

test("post() does not wait for the end of the response", async () => {
  await using receiver = await startHttpReceiver((response) => response.writeHead(200).write("and on and on"));

  expect(await post(new URL(receiver.url), usual)).toBe(200);
});

test("post() rejects when the receiver does not respond in time", async () => {
  await using receiver = await startHttpReceiver(() => {});

  await expect(post(new URL(receiver.url), { ...usual, timeoutMs: 100 })).rejects.toThrow("no answer in 100 ms");
});

test("post() rejects when it is cancelled, and when the connection is refused", async () => {
  const receiver = await startHttpReceiver(() => {});
  const reason = new Error("enough");
  await expect(post(new URL(receiver.url), { ...usual, signal: AbortSignal.abort(reason) })).rejects.toThrow();
  await receiver[Symbol.asyncDispose]();

  await expect(post(new URL(receiver.url), usual)).rejects.toThrow("ECONNREFUSED");
});

test.each(["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"])(
  "post() does not connect to %s unless its address is allowed",
  async (host) => {
    await using receiver = await startHttpReceiver();
    const url = new URL(`http://${host}:${receiver.port}/`);

    await expect(post(url, { ...usual, isAllowed: createAddressRule([]) })).rejects.toThrow(
      "not on the public internet",
    );
    expect(receiver.received).toEqual([]);
  },
);

test("post() connects to the address that was checked, even if the name resolves to others", async () => {
  await using receiver = await startHttpReceiver();
  const checked: string[] = [];
  const spy = (address: string) => {
    checked.push(address);
    return isAllowed(address);
  };

  expect(await post(new URL(`http://localhost:${receiver.port}/`), { ...usual, isAllowed: spy })).toBe(200);
  expect(checked.filter(isAllowed)).toEqual(["127.0.0.1"]);
});
