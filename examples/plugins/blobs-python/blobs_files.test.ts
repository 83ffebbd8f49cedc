import { open } from "node:fs/promises";
import { join } from "node:path";
import { describeBlobs } from "hearth/conformance";
import { describe, expect, test } from "vitest";
import { collect } from "../../../test/contract/samples.ts";
import { findPython, startPythonPlugin } from "../../../test/plugins/python.ts";
import { startRemote } from "../../../test/plugins/server.ts";
import { until } from "../../../test/until.ts";

const PROGRAM = join(import.meta.dirname, "blobs_files.py");
const { python, missing } = findPython(join(import.meta.dirname, "requirements.txt"));
if (missing !== undefined) console.warn(`The blob store in Python is not tested: ${missing}`);

describe.skipIf(missing !== undefined)("the blob store in Python", () => {
  describeBlobs("blobs-python", async () => {
    const plugin = await startPythonPlugin(python, PROGRAM);
    const path = join(plugin.directory, "blobs");
    return {
      open: () => startRemote("blobs", plugin.address, { config: { path } }),
      async damage(digest) {
        await using file = await open(join(path, ...digest.split(":")), "r+");
        await file.write(new Uint8Array([1, 2, 3]), { position: 1000 });
      },
      [Symbol.asyncDispose]: () => plugin[Symbol.asyncDispose](),
    };
  });

  test("what it answered is there after it was killed", async () => {
    await using plugin = await startPythonPlugin(python, PROGRAM);
    const path = join(plugin.directory, "blobs");
    await using store = await startRemote("blobs", plugin.address, { config: { path } });
    const { digest } = await store.put(new Uint8Array(1000));

    await plugin.restart();
    await until("it answers", async () => (await Promise.allSettled([store.renew("")]))[0].status === "fulfilled");

    const stream = await store.open(digest);
    expect(stream && Buffer.concat(await collect(stream))).toHaveLength(1000);
  });

  test("it lists what is wrong with its configuration", async () => {
    await using plugin = await startPythonPlugin(python, PROGRAM);

    const start = startRemote("blobs", plugin.address, { config: { path: 1, extra: true } });

    await expect(start).rejects.toMatchObject({ name: "PluginError", step: "configure" });
    await expect(start).rejects.toThrow(/extra: .*\n.*path: /);
  });
});
