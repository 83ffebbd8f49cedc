import { expect, test } from "vitest";
import { createAddressRule } from "../../cluster/mod.ts";
import { startHttpReceiver } from "../../test/http/receiver.ts";
import { download } from "./download.ts";

const isAllowed = createAddressRule(["127.0.0.1"]);
const { signal } = new AbortController();
const usual = { isAllowed, allowKey: "some.key", limitBytes: 10, timeoutMs: 5000, signal };

test("download() returns the content", async () => {
  await using source = await startHttpReceiver((response) => response.end("0123456789"));

  expect(Buffer.from(await download(new URL(`${source.url}/a?b=c`), usual)).toString()).toBe("0123456789");
  expect(source.received).toMatchObject([{ method: "GET", path: "/a?b=c", body: "" }]);
});

test.each([404, 500, 204])("download() rejects status %d", async (status) => {
  await using source = await startHttpReceiver((response) => response.writeHead(status).end());

  await expect(download(new URL(source.url), usual)).rejects.toThrow(`it answered ${status}, not 200`);
});

test("download() does not follow redirects", async () => {
  await using target = await startHttpReceiver();
  await using source = await startHttpReceiver((response) => response.writeHead(302, { location: target.url }).end());

  await expect(download(new URL(source.url), usual)).rejects.toThrow("redirects are not followed");
  expect(target.received).toEqual([]);
});

test("download() stops at the limit, also for an endless response", async () => {
  await using source = await startHttpReceiver((response) => {
    response.write("0123456789a");
  });

  await expect(download(new URL(source.url), usual)).rejects.toThrow("it has more than 10 bytes");
});

test("download() times out if the response stalls", async () => {
  await using source = await startHttpReceiver((response) => {
    response.write("01234");
  });

  await expect(download(new URL(source.url), { ...usual, timeoutMs: 100 })).rejects.toThrow("no answer in 100 ms");
});

test.each(["127.0.0.1", "[::1]", "localhost"])(
  "download() does not connect to %s unless it is allowed",
  async (host) => {
    await using source = await startHttpReceiver();
    const url = new URL(`http://${host}:${source.port}/`);

    await expect(download(url, { ...usual, isAllowed: createAddressRule([]) })).rejects.toThrow(
      "is not on the public internet, and some.key does not allow it",
    );
    expect(source.received).toEqual([]);
  },
);
