import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const DEMO = resolve(import.meta.dirname, "../../../examples/demo/main.ts");

test("npm run demo counts words, shows progress and times, and exits 0", { timeout: 120_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [DEMO]);
  expect(stdout).toMatch(/\[█{40}\] 100 %/);
  expect(stdout.match(/^ {2}\S+ +\d+$/gm)).toHaveLength(10);
  expect(stdout).toMatch(/Cold run, start of the context included: \d+ ms; warm run: \d+ ms\./);
});
