import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Child, startChild } from "../../../standalone/mod.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { type Answer, createRest } from "../../http/rest.ts";
import { startTestNatsServer } from "../../nats/server.ts";

const GATEWAY = resolve(import.meta.dirname, "../../../gateway/main.ts");

/** Size that no file of the gateway may pass, in blocks of 512 bytes: to what writes, it is a disk without space. */
const BLOCKS = 2048;

/** More than a file may have. */
const LARGE = new Uint8Array(2 * 1024 * 1024);

const stack = new AsyncDisposableStack();
let gateway: Child<string>;

beforeAll(async () => {
  const nats = stack.use(await startTestNatsServer());
  const { path } = stack.use(await createTemporaryDirectory());
  const options = ["--nats", nats.url, "--listen", "127.0.0.1:0", "--data-dir", join(path, "data")];
  const line = ["-c", `ulimit -f ${BLOCKS}; exec "$@"`, "sh", process.execPath, GATEWAY, ...options];
  const readyWhen = (text: string) => /"address":"([^"]+)".*"msg":"listening"/.exec(text)?.[1];
  gateway = stack.use(await startChild({ name: "gateway", command: "/bin/sh", args: line, readyWhen }));
});

afterAll(() => stack.disposeAsync());

/** An error of the REST API, without the time and the place. */
function errorOf({ status, body }: Answer): object {
  const { code, message, details } = body as { code: string; message: string; details: { value: string }[] };
  return { status, code, message, info: Buffer.from(details[0]?.value ?? "", "base64").toString() };
}

test("uploads without disk space get 503 with the store's name and what to do", async () => {
  const rest = createRest(`http://${gateway.ready}`);
  expect(errorOf(await rest.call("PUT", "/v1/data/large", LARGE))).toEqual({
    status: 503,
    code: "unavailable",
    message: 'Cannot read or write contents: blob plugin "fs" has no space left; free or add some, then try again',
    info: expect.stringMatching(/BLOBS_UNAVAILABLE.*fs.*full/s),
  });
  // What takes no space goes on.
  expect((await rest.call("PUT", "/v1/data/small", "some text")).status).toBe(200);
});

test("uploads without disk space get 503 by spark-jobserver's API too", async () => {
  const response = await fetch(`http://${gateway.ready}/data/large`, { method: "POST", body: LARGE });
  const answer = (await response.json()) as object;
  expect({ status: response.status, answer }).toMatchObject({
    status: 503,
    answer: { status: "ERROR", result: { errorClass: "BLOBS_UNAVAILABLE" } },
  });
});

test("calls get 503 when the database has no disk space, and stored jobs are still readable", async () => {
  const rest = createRest(`http://${gateway.ready}`);
  let stored = 0;
  let answer = await rest.call("PUT", "/v1/data/file-0", "0");
  while (answer.status === 200 && stored < 2000) {
    stored += 1;
    answer = await rest.call("PUT", `/v1/data/file-${stored}`, String(stored));
  }
  expect(errorOf(answer)).toEqual({
    status: 503,
    code: "unavailable",
    message:
      'Cannot read or write the record: DAO plugin "sqlite" cannot read or write its disk; check its space, quota and health, then try again',
    info: expect.stringMatching(/STORAGE_UNAVAILABLE.*sqlite.*failing/s),
  });
  const response = await fetch(`http://${gateway.ready}/v1/data/file-${stored - 1}`);
  expect(await response.text()).toContain(String(stored - 1));
});
