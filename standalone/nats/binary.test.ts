import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { findNatsServer } from "./binary.ts";

/** Puts a nats-server that says that it is of a version first on PATH; answers what is warned of when it is found. */
async function warningsAbout(version: string): Promise<object[]> {
  await using directory = await createTemporaryDirectory();
  const binary = join(directory.path, "nats-server");
  await writeFile(binary, `#!/bin/sh\necho 'nats-server: v${version}'\n`);
  await chmod(binary, 0o755);
  const { PATH } = process.env;
  onTestFinished(() => {
    process.env.PATH = PATH;
  });
  process.env.PATH = `${directory.path}:${PATH}`;
  const warnings: object[] = [];
  const warn = (fields: object, message: string): void => void warnings.push({ ...fields, message });
  expect(await findNatsServer({ log: { info() {}, warn } as never })).toBe("nats-server");
  return warnings;
}

test("findNatsServer() warns of an outdated server on PATH, with version, vulnerabilities and advice", async () => {
  expect(await warningsAbout("2.9.10")).toEqual([
    {
      ...{ path: "nats-server", version: "2.9.10" },
      faults: expect.arrayContaining(["it may let in clients without credentials (CVE-2023-47090)"]),
      message:
        "this nats-server is out of date; put a newer one (2.14, 2.12.7 or 2.11.16 and later) on PATH, or set NATS_URL to one that runs",
    },
  ]);
});

test("findNatsServer() logs nothing for a current version", async () => {
  expect(await warningsAbout("2.14.5")).toEqual([]);
});
