import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { describeSpark } from "../../spark/spark.ts";

const DEMO = resolve(import.meta.dirname, "../../../examples/spark/demo/main.ts");

describeSpark("npm run demo:spark", () => {
  test("counts words on a cluster, shares an RDD, queries, kills, restarts, and exits 0", {
    timeout: 300_000,
  }, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [DEMO]);
    expect(stdout).toMatch(/\[█{40}\] 100 % stage \d+ of \d+, \d+ of \d+ tasks/);
    expect(stdout.match(/^ {2}\w+ +\d+$/gm)).toHaveLength(10);
    expect(stdout).toContain("RDD text:24:12: 12 of 12 partitions cached");
    expect(stdout).toContain('{"name":"number 900","square":810000}');
    expect(stdout).toMatch(/last line after \d+ ms: {"truncated":false,"rows":300000}/);
    expect(stdout).toMatch(/it has stopped \d+ ms later/);
    expect(stdout).toMatch(/^Word count, cold, start of the context included: \d+ ms; warm: \d+ ms\./m);
  });
});
