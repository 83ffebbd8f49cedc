import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { log } from "../../test/silent_log.ts";
import { createProcessGroups } from "./process_groups.ts";

const MEBIBYTE = 1024 * 1024;
const NAME = `hearth-${process.pid}`;
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "hearth-groups-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Groups for a process in the group `/service`, mounted below the root. */
function groupsIn({
  cgroup,
  mounts,
}: {
  cgroup: string;
  mounts: readonly (readonly [type: string, options: string])[];
}) {
  writeFileSync(join(root, "cgroup"), cgroup);
  const lines = mounts.map(
    ([type, options]) => `32 31 0:29 / ${root} rw,relatime shared:9 - ${type} ${type} ${options}\n`,
  );
  writeFileSync(join(root, "mountinfo"), `31 23 0:28 / / rw - ext4 /dev/sda rw\n${lines.join("")}`);
  return createProcessGroups({ processFolder: root, log });
}

/** Groups over files as the kernel shows them to a process in the group `/service` of version 2. */
function unified({ controllers, enabled }: { controllers: string; enabled: string }) {
  mkdirSync(join(root, "service"), { recursive: true });
  writeFileSync(join(root, "service/cgroup.controllers"), controllers);
  writeFileSync(join(root, "service/cgroup.subtree_control"), enabled);
  return groupsIn({ cgroup: "0::/service\n", mounts: [["cgroup2", "rw"]] });
}

const read = (path: string): string => readFileSync(join(root, "service", path), "utf8");

test("a process gets its own group with its share of CPU", () => {
  const held = unified({ controllers: "cpu memory", enabled: "cpu memory" }).hold("c1", {
    processId: 4711,
    cores: 1.5,
  });
  expect(held.warnings).toEqual([]);
  expect(read(`${NAME}-1/cpu.max`)).toBe("150000 100000");
  expect(read(`${NAME}-1/cgroup.procs`)).toBe("4711");
});

test("the node leaves its group for one below, so that the group may be divided", () => {
  unified({ controllers: "cpu memory", enabled: "memory" }).hold("c1", { processId: 4711, cores: 1 });
  expect(read("hearth-node/cgroup.procs")).toBe(String(process.pid));
  // A file keeps what was written last, where the kernel adds.
  expect(read("cgroup.subtree_control")).toBe("+memory");
});

test("control groups of version 1 are used when version 2 has no CPU controller", () => {
  mkdirSync(join(root, "service"), { recursive: true });
  writeFileSync(join(root, "service/cgroup.controllers"), "hugetlb");
  const cgroup = "7:memory:/elsewhere\n4:cpu,cpuacct:/service\n0::/service\n";
  const mounts = [
    ["cgroup", "rw,memory"],
    ["cgroup", "rw,cpu,cpuacct"],
    ["cgroup2", "rw"],
  ] as const;
  const held = groupsIn({ cgroup, mounts });
  expect(held.hold("c1", { processId: 4711, cores: 0.5 }).warnings).toEqual([]);
  expect(read(`${NAME}-1/cpu.cfs_period_us`)).toBe("100000");
  expect(read(`${NAME}-1/cpu.cfs_quota_us`)).toBe("50000");
  expect(read(`${NAME}-1/cgroup.procs`)).toBe("4711");
});

test("the context has a warning without a controller", () => {
  const { warnings } = unified({ controllers: "memory", enabled: "" }).hold("c1", { processId: 4711, cores: 2 });
  expect(warnings).toEqual([
    `The context is not held to 2 CPU cores: the control group ${root}/service has no controller of cpu`,
  ]);
});

test("the context has a warning without CPU control groups", () => {
  const { warnings } = groupsIn({ cgroup: "7:memory:/service\n", mounts: [["cgroup", "rw,memory"]] }).hold("c1", {
    processId: 4711,
    cores: 2,
  });
  expect(warnings).toEqual(["The context is not held to 2 CPU cores: the system has no control groups of cpu"]);
});

test("a context without a limit has no group", () => {
  unified({ controllers: "cpu", enabled: "cpu" }).hold("c1", { processId: 4711, cores: 0 });
  expect(existsSync(join(root, `service/${NAME}-1`))).toBe(false);
});

test("a sandbox has a group with its memory and its threads, in which its CPU is limited later", async () => {
  const groups = unified({ controllers: "cpu memory pids", enabled: "cpu memory pids" });
  const group = groups.open({ memoryBytes: 1000, threads: 10 });
  expect(await group.add(4711)).toBe(true);
  group.raiseMemory(2000);
  group.raiseMemory(1500);
  using held = groups.hold("c1", { processId: 4711, cores: 2 });
  expect(held.warnings).toEqual([]);
  const files = ["memory.max", "memory.oom.group", "pids.max", "cpu.weight", "cpu.max", "cgroup.procs"];
  expect(Object.fromEntries(files.map((file) => [file, read(`${NAME}-1/${file}`)]))).toEqual({
    ...{ "memory.max": "2000", "memory.oom.group": "1", "pids.max": "10" },
    ...{ "cpu.weight": "50", "cpu.max": "200000 100000", "cgroup.procs": "4711" },
  });
});

test("in version 1 a sandbox has one group per controller, with the CPU limit in its own", async () => {
  mkdirSync(join(root, "service"), { recursive: true });
  const groups = groupsIn({ cgroup: "4:cpu,cpuacct:/service\n", mounts: [["cgroup", "rw,cpu,cpuacct"]] });
  const group = groups.open({ memoryBytes: 1000, threads: 10 });
  expect(await group.add(4711)).toBe(true);
  using held = groups.hold("c1", { processId: 4711, cores: 2 });
  expect(held.warnings).toEqual([]);
  expect(readdirSync(join(root, "service"))).toEqual([`${NAME}-1`]);
  expect(read(`${NAME}-1/cpu.shares`)).toBe("512");
  expect(read(`${NAME}-1/cpu.cfs_quota_us`)).toBe("200000");
});

test("the memory of a sandbox that the kernel ended is reported", () => {
  const group = unified({ controllers: "memory pids", enabled: "memory pids" }).open({
    memoryBytes: 1000,
    threads: 10,
  });
  const write = (file: string, text: string): void => writeFileSync(join(root, `service/${NAME}-1`, file), text);
  write("memory.events", "oom 1\noom_kill 0\n");
  expect(group.outOfMemoryBytes()).toBeUndefined();
  write("memory.events", "oom 1\noom_kill 1\n");
  expect(group.outOfMemoryBytes()).toBe(1000);
  write("memory.peak", "998\n");
  expect(group.outOfMemoryBytes()).toBe(998);
});

test("a group serves one sandbox alone, also where two runtimes of a process make groups, and may be gone when it ends", () => {
  const [first, second] = [0, 1].map(() => unified({ controllers: "cpu memory", enabled: "cpu memory" }));
  const limits = { memoryBytes: 512 * MEBIBYTE, threads: 64 };
  const groups = [first?.open(limits), second?.open(limits)];
  expect(readdirSync(join(root, "service")).filter((name) => name.startsWith(NAME))).toHaveLength(2);
  rmSync(join(root, "service"), { recursive: true });
  expect(groups.map((group) => group?.outOfMemoryBytes())).toEqual([undefined, undefined]);
});

test("groups of killed nodes are removed, those of others stay", async () => {
  const ended = spawn("true");
  await once(ended, "exit");
  for (const name of [`hearth-${ended.pid}-1`, `hearth-${process.pid}-7`, "other"])
    mkdirSync(join(root, "service", name), { recursive: true });
  unified({ controllers: "memory", enabled: "memory" });
  expect(readdirSync(join(root, "service")).filter((name) => !name.startsWith("cgroup."))).toEqual([
    `hearth-${process.pid}-7`,
    "other",
  ]);
});

test("the kernel holds a process to its share of CPU and memory, where it lets us", async ({ skip }) => {
  await using stack = new AsyncDisposableStack();
  const groups = createProcessGroups({ processFolder: "/proc/self", log });
  const obstacle = groups.obstacle("cpu") ?? groups.obstacle("memory");
  if (obstacle !== undefined) return skip(obstacle);
  const group = stack.use(groups.open({ memoryBytes: 300 * MEBIBYTE, threads: 100 }));
  const program =
    "const end = Date.now() + 1000; while (Date.now() < end); for (const all = [];;) all.push(Buffer.alloc(1e6, 1));";
  const busy = spawn(process.execPath, ["-e", program], { stdio: "ignore" });
  const { pid: processId = 0 } = busy;
  expect(await group.add(processId)).toBe(true);
  using held = groups.hold("c1", { processId, cores: 0.5 });
  expect(held.warnings).toEqual([]);
  const [, signal] = await once(busy, "exit");
  expect(signal).toBe("SIGKILL");
  expect(group.outOfMemoryBytes()).toBeLessThanOrEqual(300 * MEBIBYTE);
});
