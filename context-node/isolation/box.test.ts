import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { NodeWall_Kind as Kind, type NodeWall } from "../../proto/node.ts";
import { until } from "../../test/until.ts";
import type { Isolation } from "./mod.ts";
import { MEBIBYTE, startHostile, startTestIsolation } from "./testing/mod.ts";

/** Ended by the kernel for a system call. */
const SIGSYS = 31;

const EPERM = "errno 1";
const ENOENT = "errno 2";
const EACCES = "errno 13";
const ENOSYS = "errno 38";
const EAFNOSUPPORT = "errno 97";

let isolation: Isolation;
let dataFolder: string;
beforeAll(async () => {
  isolation = await startTestIsolation();
  dataFolder = mkdtempSync(join(tmpdir(), "hearth-data-"));
  writeFileSync(join(dataFolder, "secret"), "secret");
});
afterAll(() => {
  isolation[Symbol.dispose]();
  rmSync(dataFolder, { recursive: true });
});

const wall = (kind: Kind): NodeWall | undefined => isolation.walls.find((each) => each.kind === kind);

beforeEach(({ skip }) => {
  const files = wall(Kind.FILES);
  if (!files?.detail.startsWith("a mount namespace")) skip(`this machine has no box: ${files?.detail}`);
});

test("all walls are present with bubblewrap", () => {
  const missing = isolation.walls.filter(({ stands }) => !stands).map(({ kind }) => kind);
  expect(missing.filter((kind) => kind !== Kind.RESOURCES)).toEqual([]);
});

test.for<[string, string, string | RegExp]>([
  ["read the users of the machine", 'Deno.readTextFileSync("/etc/passwd")', /^NotFound/],
  ["read the home of root", '[...Deno.readDirSync("/root")]', /^NotFound/],
  ["read the data of the node", 'Deno.readTextFileSync("$DATA/secret")', /^NotFound/],
  ["read the program of Hearth", 'Deno.readTextFileSync("$HERE")', /^NotFound/],
  ["see itself as a process", 'open("/proc/1")', ENOENT],
  ["read the environment of the node", 'open("/proc/$NODE/environ")', ENOENT],
  ["read its memory as a file", 'open("/proc/self/mem")', ENOENT],
  ["read the settings of the kernel", 'open("/proc/sys/kernel/hostname")', ENOENT],
  ["find devices", 'open("/dev")', ENOENT],
  ["find the settings of devices", 'open("/sys")', ENOENT],
  ["find a shell", 'Deno.statSync("/bin/sh")', /^NotFound/],
  ["write to the root", 'Deno.writeTextFileSync("/x", "x")', /^(PermissionDenied|Error|NotCapable)/],
  ["write to /tmp", 'Deno.writeTextFileSync("/tmp/x", "x")', /^(PermissionDenied|NotFound)/],
  ["write to shared memory", 'open("/dev/shm/x", 0x41)', EACCES],
  ["overwrite its program", 'Deno.writeTextFileSync("/hearth/main.js", "x")', /^PermissionDenied/],
  ["open its program for writing", 'open("/hearth/main.js", 2)', EACCES],
  ["open a path as a handle", 'open("/", 0x200000)', EACCES],
  ["make a file without a name", 'open("/", 0x410002)', EACCES],
  ["make a folder", 'syscall(NR.mkdirat, -100, "/x", 0o777)', EPERM],
  ["make a device", 'syscall(NR.mknodat, -100, "/x", 0o20666, 0x103)', EPERM],
  ["change the mode of a file", 'syscall(NR.fchmodat, -100, "/hearth/main.js", 0o777)', EPERM],
  ["make a file in memory", "syscall(319, 'x', 0)", ENOSYS],
  ["open a socket of IPv4", "syscall(NR.socket, 2, 1, 0)", EACCES],
  ["open a socket of IPv6", "syscall(NR.socket, 10, 2, 0)", EACCES],
  ["open a socket of the machine", "syscall(NR.socket, 1, 1, 0)", EACCES],
  ["open a socket of netlink", "syscall(NR.socket, 16, 3, 0)", EACCES],
  ["open a socket of packets", "syscall(NR.socket, 17, 3, 0)", EACCES],
  ["make a pair of sockets that can be addressed", "syscall(NR.socketpair, 1, 2, 0, new Uint8Array(8))", EACCES],
  ["find the node", "syscall(NR.kill, $NODE, 0)", EPERM],
  ["end all processes", "syscall(NR.kill, -1, 9)", EPERM],
  ["end itself by the way of another one", "syscall(NR.tkill, $NODE, 9)", EPERM],
  ["signal a thread of the node", "syscall(NR.tgkill, $NODE, $NODE, 0)", EPERM],
  ["have signals sent to a process", "syscall(NR.fcntl, 1, 8, $NODE)", EPERM],
  ["type into a terminal", "syscall(NR.ioctl, 1, 0x5412, 'x')", "errno 25"],
  ["outlive the node", "syscall(NR.prctl, 1, 0)", EPERM],
  ["gain privileges of a program", "syscall(NR.prctl, 38, 0)", EPERM],
  ["be debugged by others", "syscall(NR.prctl, 4, 1)", EPERM],
  ["raise its limits", "syscall(NR.prlimit64, 0, 7, new BigUint64Array([99999n, 99999n]), 0)", EPERM],
  ["start a process", "syscall(NR.clone, 17, 0)", EPERM],
  ["start a process the new way", "syscall(NR.clone3, new Uint8Array(88), 88)", ENOSYS],
  [
    "start a program with Deno",
    'new Deno.Command("/deno").outputSync()',
    /^(PermissionDenied|NotFound|Error|NotCapable)/,
  ],
  ["call what nobody knows", "syscall(9999)", ENOSYS],
])("a process that broke out cannot %s", async ([, code, expected]) => {
  const source = `attempt(() => ${code});`
    .replaceAll("$NODE", String(process.pid))
    .replaceAll("$DATA", dataFolder)
    .replaceAll("$HERE", import.meta.filename);
  const { output, errors, signal } = await startHostile(isolation, source).ended;
  expect({ output, errors, signal }).toEqual({
    output: [typeof expected === "string" ? expected : expect.stringMatching(expected)],
    errors: "",
    signal: undefined,
  });
});

test.for<[string, string]>([
  ["traces a process", "syscall(NR.ptrace, 16, $NODE, 0, 0)"],
  ["reads the memory of a process", "syscall(NR.process_vm_readv, $NODE, 0, 0, 0, 0, 0)"],
  ["writes the memory of a process", "syscall(NR.process_vm_writev, $NODE, 0, 0, 0, 0, 0)"],
  ["takes a handle of a process", "syscall(NR.pidfd_open, $NODE, 0)"],
  ["starts a program", 'syscall(NR.execve, "/deno", 0, 0)'],
  ["starts a program by a descriptor", 'syscall(NR.execveat, 0, "", 0, 0, 0x1000)'],
  ["mounts", 'syscall(NR.mount, "none", "/", "tmpfs", 0, 0)'],
  ["mounts the new way", 'syscall(NR.fsopen, "tmpfs", 0)'],
  ["clones a mount", 'syscall(NR.open_tree, -100, "/", 1)'],
  ["unmounts", 'syscall(NR.umount2, "/hearth", 2)'],
  ["changes its root", 'syscall(NR.chroot, "/hearth")'],
  ["makes a namespace", "syscall(NR.unshare, 0x10000000)"],
  ["makes a namespace with a process", "syscall(NR.clone, 0x10000011, 0)"],
  ["enters a namespace", "syscall(NR.setns, 0, 0)"],
  ["becomes root", "syscall(NR.setuid, 0)"],
  ["takes capabilities", "syscall(NR.capset, new Uint8Array(8), new Uint8Array(24))"],
  ["uses keys of the kernel", "syscall(NR.keyctl, 0, 0)"],
  ["adds a key", 'syscall(NR.add_key, "user", "x", "x", 1, 0)'],
  ["loads a program into the kernel", "syscall(NR.bpf, 0, 0, 0)"],
  ["measures the machine", "syscall(NR.perf_event_open, 0, 0, -1, -1, 0)"],
  ["uses rings of requests", "syscall(NR.io_uring_setup, 1, new Uint8Array(120))"],
  ["handles page faults", "syscall(NR.userfaultfd, 0)"],
  ["loads a module", 'syscall(NR.finit_module, 0, "", 0)'],
  ["loads another kernel", "syscall(NR.kexec_load, 0, 0, 0, 0)"],
  ["changes its personality", "syscall(NR.personality, 0x0040000)"],
  ["opens a file by its handle", "syscall(NR.open_by_handle_at, 0, 0, 0)"],
  ["restarts the machine", "syscall(NR.reboot, 0, 0, 0, 0)"],
  ["changes the clock", "syscall(NR.clock_settime, 0, 0)"],
  ["calls by the numbers of another ABI", "syscall(0x40000000 + 39)"],
])("a process that %s is ended", async ([, code]) => {
  const source = `attempt(() => ${code.replaceAll("$NODE", String(process.pid))});`;
  const { output, signal } = await startHostile(isolation, source).ended;
  expect({ output, signal }).toEqual({ output: [], signal: SIGSYS });
});

test("a process with network opens sockets of IP only, and reads none of the machine's files", async () => {
  const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const source = `
    const connection = await Deno.connect({ hostname: "localhost", port: ${port} });
    const bytes = new Uint8Array(5); await connection.read(bytes);
    console.log(new TextDecoder().decode(bytes));
    attempt(() => syscall(NR.socket, 1, 1, 0));
    attempt(() => syscall(NR.socket, 16, 3, 0));
    attempt(() => syscall(NR.socket, 17, 3, 0));
    attempt(() => syscall(NR.socket, 2, 3, 1));
    attempt(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
    attempt(() => Deno.readTextFileSync("/etc/passwd"));
    attempt(() => Deno.writeTextFileSync("/etc/hosts", "x"));
    attempt(() => syscall(NR.kill, ${process.pid}, 0));`;
  const { output } = await startHostile(isolation, source, { net: true }).ended;
  server.close();
  expect(output).toEqual([
    "hello",
    ...[EAFNOSUPPORT, EAFNOSUPPORT, EAFNOSUPPORT, EACCES],
    expect.stringMatching(/^PermissionDenied/),
    expect.stringMatching(/^NotFound/),
    expect.stringMatching(/^PermissionDenied/),
    EPERM,
  ]);
});

test("a process sees only its program, and runs as nobody", async () => {
  const source = `
    const walk = (path) => path !== "/proc" && Deno.lstatSync(path || "/").isDirectory
      ? [...Deno.readDirSync(path || "/")].flatMap(({ name }) => walk(path + "/" + name)) : [path];
    console.log(JSON.stringify({ files: walk(""), pid: Deno.pid, parent: Deno.ppid, user: Deno.uid(), group: Deno.gid(), host: Deno.hostname() }));`;
  const { output, errors } = await startHostile(isolation, source).ended;
  expect(errors).toBe("");
  const { files, user, group, ...rest } = JSON.parse(output[0] ?? "{}");
  const isLibrary = (path: string): boolean => /^\/(usr\/)?lib\w*\/.+\.so(\.\d+)?$/.test(path);
  expect(files.filter((path: string) => !isLibrary(path)).sort()).toEqual([
    ...["/deno", "/hearth/enter-closed.js", "/hearth/lockdown-closed.js", "/hearth/main.js", "/proc"],
    ...(process.getuid?.() === 0 ? ["/setpriv"] : []),
  ]);
  expect(rest).toEqual({ pid: 1, parent: 0, host: "sandbox" });
  expect(user).not.toBe(0);
  expect(group).toBe(user);
});

test("a process has separate namespaces", async () => {
  const running = startHostile(isolation, "console.log('runs'); setInterval(() => {}, 1000);");
  await running.printed("runs");
  const namespaces = (id: number | "self"): string[] =>
    ["mnt", "pid", "ipc", "uts", "cgroup", "net"].map((name) => readlinkSync(`/proc/${id}/ns/${name}`));
  const [own, theirs] = [namespaces("self"), namespaces(running.processId() ?? 0)];
  expect(theirs.filter((each) => own.includes(each))).toEqual([]);
  running.kill();
  await running.ended;
});

test("each process is another user", async () => {
  const users = await Promise.all(
    [1, 2].map(async () => (await startHostile(isolation, "console.log(Deno.uid())").ended).output),
  );
  if (process.getuid?.() === 0) expect(users[0]).not.toEqual(users[1]);
});

test("the threads of a process are counted", async ({ skip }) => {
  const { stands, detail } = wall(Kind.RESOURCES) ?? {};
  if (!stands) return skip(detail);
  const source = `
    let made = 0;
    while (made < 5000 && libc.pthread_create(new Uint8Array(8), null, libc.sleep, 100000n) === 0) made++;
    console.log(made);
    Deno.exit(0);`;
  const { output } = await startHostile(isolation, source, { memoryBytes: 1024 * MEBIBYTE }).ended;
  expect(Number(output[0])).toBeGreaterThan(500);
  expect(Number(output[0])).toBeLessThan(1024);
});

test("memory is held at once, by the kernel", async ({ skip }) => {
  const { stands, detail } = wall(Kind.RESOURCES) ?? {};
  if (!stands) return skip(detail);
  const memoryBytes = 256 * MEBIBYTE;
  const source = "const all = []; for (;;) all.push(new Uint8Array(16 * 1024 * 1024).fill(1));";
  const { signal, outOfMemoryBytes = 0 } = await startHostile(isolation, source, { memoryBytes }).ended;
  expect(signal).toBe(9);
  expect(outOfMemoryBytes).toBeGreaterThan(0.9 * memoryBytes);
  expect(outOfMemoryBytes).toBeLessThanOrEqual(memoryBytes);
});

test("a process that is killed leaves no process and no control group", async () => {
  const running = startHostile(isolation, "console.log('runs'); setInterval(() => {}, 1000);");
  await running.printed("runs");
  const [inside = 0, outside = 0] = [running.processId(), running.outsidePid()];
  const name = /\/(hearth-\d+-\d+)$/m.exec(readFileSync(`/proc/${inside}/cgroup`, "utf8"))?.[1];
  expect(name !== undefined).toBe(wall(Kind.RESOURCES)?.stands);
  running.kill();
  const { signal } = await running.ended;
  expect(signal).toBe(9);
  await until("nothing is left", () => !existsSync(`/proc/${inside}`) && !existsSync(`/proc/${outside}`));
  const mounts = readFileSync("/proc/self/mountinfo", "utf8");
  expect(mounts).not.toContain("hearth-isolation");
  const groups = [...mounts.matchAll(/ (\/\S+) \S+ .*- cgroup2? /g)].map(([, path = ""]) => path);
  const own = readFileSync("/proc/self/cgroup", "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(":").slice(2).join(":"));
  const left = groups
    .flatMap((mount) => own.map((path) => join(mount, path, name ?? "none")))
    .filter((path) => existsSync(path));
  expect(left).toEqual([]);
});

test("a node removes what a killed one left", async () => {
  const killed = spawn("true");
  await once(killed, "exit");
  const left = mkdtempSync(join(tmpdir(), `hearth-isolation-${killed.pid}-`));
  writeFileSync(join(left, "main.js"), "");
  using next = await startTestIsolation();
  expect(next.walls.length).toBeGreaterThan(0);
  expect(existsSync(left)).toBe(false);
});

test("the programs of processes are removed with the isolation", async () => {
  const ours = (): string[] =>
    readdirSync(tmpdir()).filter((name) => name.startsWith(`hearth-isolation-${process.pid}-`));
  const before = ours();
  const other = await startTestIsolation();
  expect(ours()).toHaveLength(before.length + 1);
  other[Symbol.dispose]();
  expect(ours()).toEqual(before);
});
