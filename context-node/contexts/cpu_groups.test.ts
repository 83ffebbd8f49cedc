import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../test/until.ts";
import { findControlGroups } from "./control_groups.ts";
import { createCpuGroups } from "./cpu_groups.ts";

const log = pino({ level: "silent" });
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "hearth-groups-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** What the kernel tells of a process in the group `/service`, mounted below the root. */
function tell({ cgroup, mounts }: { cgroup: string; mounts: readonly [type: string, options: string][] }) {
  writeFileSync(join(root, "cgroup"), cgroup);
  const lines = mounts.map(
    ([type, options]) => `32 31 0:29 / ${root} rw,relatime shared:9 - ${type} ${type} ${options}\n`,
  );
  writeFileSync(join(root, "mountinfo"), `31 23 0:28 / / rw - ext4 /dev/sda rw\n${lines.join("")}`);
  return createCpuGroups({ processFolder: root, log });
}

/** Files as the kernel shows them to a process in the group `/service` of version 2. */
function groups({ controllers, enabled }: { controllers: string; enabled: string }) {
  mkdirSync(join(root, "service"));
  writeFileSync(join(root, "service/cgroup.controllers"), controllers);
  writeFileSync(join(root, "service/cgroup.subtree_control"), enabled);
  return tell({ cgroup: "0::/service\n", mounts: [["cgroup2", "rw"]] });
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

test("control groups of version 1 serve where those of version 2 do not share out CPU", () => {
  mkdirSync(join(root, "service"));
  writeFileSync(join(root, "service/cgroup.controllers"), "hugetlb");
  const cgroup = "7:memory:/elsewhere\n4:cpu,cpuacct:/service\n0::/service\n";
  const mounts = [
    ["cgroup", "rw,memory"],
    ["cgroup", "rw,cpu,cpuacct"],
    ["cgroup2", "rw"],
  ] as const;
  const held = tell({ cgroup, mounts: mounts.map(([type, options]) => [type, options]) });
  expect(held.hold("c1", { processId: 4711, cores: 0.5 }).warnings).toEqual([]);
  expect(read("hearth-context-c1/cpu.cfs_period_us")).toBe("100000");
  expect(read("hearth-context-c1/cpu.cfs_quota_us")).toBe("50000");
  expect(read("hearth-context-c1/cgroup.procs")).toBe("4711");
});

test("where there is no controller the context is warned", () => {
  const { warnings } = groups({ controllers: "memory", enabled: "" }).hold("c1", { processId: 4711, cores: 2 });
  expect(warnings).toEqual([
    `The context is not held to 2 CPU cores: the control group ${root}/service has no CPU controller`,
  ]);
});

test("where the system has no control groups of CPU the context is warned", () => {
  const { warnings } = tell({ cgroup: "7:memory:/service\n", mounts: [["cgroup", "rw,memory"]] }).hold("c1", {
    processId: 4711,
    cores: 2,
  });
  expect(warnings).toEqual(["The context is not held to 2 CPU cores: the system has no control groups of CPU"]);
});

test("a context without a limit is in no group of its own", () => {
  groups({ controllers: "cpu", enabled: "cpu" }).hold("c1", { processId: 4711, cores: 0 });
  expect(existsSync(join(root, "service/hearth-context-c1"))).toBe(false);
});

test("the kernel holds a process to its share, where it lets us", async ({ skip }) => {
  await using stack = new AsyncDisposableStack();
  const busy = spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" });
  const { pid: processId = 0 } = busy;
  const name = `test-${processId}`;
  const held = stack.use(createCpuGroups({ processFolder: "/proc/self", log }).hold(name, { processId, cores: 0.1 }));
  stack.defer(async () => {
    busy.kill("SIGKILL");
    await once(busy, "exit");
  });
  const [warning] = held.warnings;
  if (warning !== undefined) return skip(warning);
  const group = findControlGroups(`/proc/${processId}`).find(({ path }) => path.endsWith(name));
  await until("the process was held up", () => {
    const statistics = readFileSync(join(group?.path ?? "", "cpu.stat"), "utf8");
    return Number(/^nr_throttled (\d+)$/m.exec(statistics)?.[1]) >= 3;
  });
});
