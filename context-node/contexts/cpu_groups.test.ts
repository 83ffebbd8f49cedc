import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createCpuGroups } from "./cpu_groups.ts";

const log = pino({ level: "silent" });
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "hearth-groups-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Files as the kernel shows them to a process in the group `/service`. */
function groups({ controllers, enabled }: { controllers: string; enabled: string }) {
  const membership = join(root, "membership");
  writeFileSync(membership, "0::/service\n");
  mkdirSync(join(root, "service"));
  writeFileSync(join(root, "service/cgroup.controllers"), controllers);
  writeFileSync(join(root, "service/cgroup.subtree_control"), enabled);
  return createCpuGroups({ root, membership, log });
}

const read = (path: string): string => readFileSync(join(root, "service", path), "utf8");

test("a process is put into a group of its own with its share of CPU", () => {
  const held = groups({ controllers: "cpu memory", enabled: "cpu memory" }).hold("c1", { processId: 4711, cores: 1.5 });
  expect(held.warnings).toEqual([]);
  expect(read("hearth-context-c1/cpu.max")).toBe("150000 100000");
  expect(read("hearth-context-c1/cgroup.procs")).toBe("4711");
});

test("the node leaves its group for one below, so that the group may be divided", () => {
  groups({ controllers: "cpu memory", enabled: "memory" }).hold("c1", { processId: 4711, cores: 1 });
  expect(read("hearth-node/cgroup.procs")).toBe(String(process.pid));
  expect(read("cgroup.subtree_control")).toBe("+cpu");
});

test("where there is no controller the context is warned", () => {
  const { warnings } = groups({ controllers: "memory", enabled: "" }).hold("c1", { processId: 4711, cores: 2 });
  expect(warnings).toEqual([
    "The context is not held to 2 CPU cores: the control group /service has no CPU controller",
  ]);
});

test("where control groups are of version 1 the context is warned", () => {
  const membership = join(root, "membership");
  writeFileSync(membership, "2:cpu:/service\n");
  const { warnings } = createCpuGroups({ root, membership, log }).hold("c1", { processId: 4711, cores: 2 });
  expect(warnings).toEqual(["The context is not held to 2 CPU cores: the system has no control groups of version 2"]);
});

test("a context without a limit is in no group of its own", () => {
  groups({ controllers: "cpu", enabled: "cpu" }).hold("c1", { processId: 4711, cores: 0 });
  expect(existsSync(join(root, "service/hearth-context-c1"))).toBe(false);
});
