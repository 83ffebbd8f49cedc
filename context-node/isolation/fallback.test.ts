import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, copyFileSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { arch } from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { type NodeWall, nodeWall_KindToJSON } from "../../proto/node.ts";
import { assembleFilter } from "./bpf.ts";
import { findProgram } from "./isolation.ts";
import { SYSCALLS } from "./syscalls.ts";
import { startHostile, startTestIsolation } from "./testing/mod.ts";

const SIGSYS = 31;
const isRoot = process.getuid?.() === 0;

/** Properties of a process without network on any machine. */
const ATTEMPTS: readonly [code: string, expected: string | RegExp][] = [
  ['open("/etc/passwd")', "errno 13"],
  ['open("/proc/self/environ")', "errno 13"],
  ['open("/tmp/x", 0x41)', "errno 13"],
  ['Deno.statSync("/etc/passwd").size', /^PermissionDenied/],
  ['[...Deno.readDirSync("/")]', /^PermissionDenied/],
  ['syscall(NR.mkdirat, -100, "/tmp/x", 0o777)', "errno 1"],
  ["syscall(NR.socket, 1, 1, 0)", "errno 13"],
  ["syscall(NR.socket, 2, 1, 0)", "errno 13"],
  ["syscall(NR.socket, 16, 3, 0)", "errno 13"],
  ["syscall(NR.socketpair, 1, 2, 0, new Uint8Array(8))", "errno 13"],
  ["syscall(NR.kill, Deno.ppid, 0)", "errno 1"],
  ["syscall(NR.tgkill, Deno.ppid, Deno.ppid, 0)", "errno 1"],
  ["syscall(NR.clone, 17, 0)", "errno 1"],
  ["syscall(NR.prctl, 4, 1)", "errno 1"],
  ["syscall(NR.prlimit64, 0, 7, new BigUint64Array([9n, 9n]), 0)", "errno 1"],
];

/** The last one ends the process. */
const SOURCE = `${ATTEMPTS.map(([code]) => `attempt(() => ${code});`).join("\n")}
  attempt(() => syscall(NR.execve, "/bin/sh", 0, 0));`;

const WITH_NETWORK = `
  attempt(() => "socket " + (syscall(NR.socket, 2, 1, 0) > 2));
  attempt(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  attempt(() => syscall(NR.socket, 1, 1, 0));
  attempt(() => open("/tmp/x", 0x41));
  attempt(() => syscall(NR.kill, Deno.ppid, 0));
  attempt(() => open("/etc/shadow"));`;

function expectHeld({ output, signal }: { output: string[]; signal?: number | undefined }): void {
  expect(output).toEqual(
    ATTEMPTS.map(([, expected]) => (typeof expected === "string" ? expected : expect.stringMatching(expected))),
  );
  expect(signal).toBe(SIGSYS);
}

function namesOf(walls: readonly NodeWall[], { standing }: { standing: boolean }): string[] {
  return walls.filter(({ stands }) => stands === standing).map(({ kind }) => nodeWall_KindToJSON(kind));
}

interface Confined {
  readonly walls: NodeWall[];
  readonly tried: unknown[];
  readonly output: string[];
  readonly errors: string;
  readonly signal?: number;
}

const PROGRAM = fileURLToPath(new URL("./testing/confined_node.ts", import.meta.url));

/** A copy of bubblewrap that every user may run: the one that Hearth downloads is in a private folder. Undefined if there is none. */
const folder = mkdtempSync(join(tmpdir(), "hearth-bwrap-"));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));
const found = findProgram("bwrap");
const bubblewrap = found && join(folder, "bwrap");
if (found && bubblewrap) copyFileSync(found, bubblewrap);

/** Walls of a node with another kind of user, or in a container. */
async function inside(
  wrapper: readonly string[],
  options: Parameters<typeof spawn>[2],
  source = SOURCE,
): Promise<Confined> {
  const [command = process.execPath, ...args] = [...wrapper, process.execPath, PROGRAM, source, bubblewrap ?? ""];
  const child: ChildProcess = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  let output = "";
  let errors = "";
  child.stdout?.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    errors += chunk;
  });
  await once(child, "close");
  if (output === "") throw new Error(errors);
  return JSON.parse(output);
}

test("without bubblewrap a process is another user and has a filter of system calls", async () => {
  using isolation = await startTestIsolation({ bubblewrap: "/nowhere/bwrap" });
  expectHeld(await startHostile(isolation, SOURCE).ended);
  expect(namesOf(isolation.walls, { standing: false })).toEqual(isRoot ? [] : ["USER"]);
});

test("without bubblewrap a process with network reads what its user may, and writes nothing", async () => {
  using isolation = await startTestIsolation({ bubblewrap: "/nowhere/bwrap" });
  const { output, errors } = await startHostile(isolation, WITH_NETWORK, { net: true }).ended;
  expect({ output, errors }).toEqual({
    output: ["socket true", expect.stringMatching(/^PermissionDenied/), "errno 97", "errno 13", "errno 1", "errno 13"],
    errors: "",
  });
});

test("a node that is not root has the box of a user namespace", async ({ skip }) => {
  if (!isRoot) return skip("the other tests are that");
  if (bubblewrap === undefined) return skip("there is no bubblewrap");
  const { walls, output, signal } = await inside([], { uid: 65533, gid: 65533 }, "attempt(() => open('/etc/passwd'));");
  expect(namesOf(walls, { standing: false })).toEqual(["RESOURCES"]);
  expect({ output, signal }).toEqual({ output: ["errno 2"], signal: undefined });
});

test("a node of another user starts although a killed node left its programs", async ({ skip }) => {
  if (!isRoot) return skip("only root can be two users");
  const killed = spawn("true");
  await once(killed, "exit");
  const left = mkdtempSync(join(tmpdir(), `hearth-isolation-${killed.pid}-`));
  try {
    const { output } = await inside([], { uid: 65533, gid: 65533 }, "attempt(() => 'started');");
    expect(output).toEqual(["started"]);
  } finally {
    rmSync(left, { recursive: true, force: true });
  }
});

test("a node in a container, root without the right to mount or to make namespaces, locks its processes down", async ({
  skip,
}) => {
  if (!isRoot) return skip("only root can give that up");
  if (bubblewrap === undefined) return skip("there is no bubblewrap to imitate a container with");
  const filter = join(folder, "filter");
  writeFileSync(filter, containerFilter());
  const descriptor = openSync(filter, "r");
  const container = [
    ...[bubblewrap, "--dev-bind", "/", "/", "--cap-drop", "ALL"],
    ...["CHOWN", "SETUID", "SETGID", "SETPCAP", "KILL", "DAC_OVERRIDE", "FOWNER"].flatMap((name) => [
      "--cap-add",
      `CAP_${name}`,
    ]),
    ...["--seccomp", "3", "--"],
  ];
  const inContainer = await inside(container, { stdio: ["ignore", "pipe", "pipe", descriptor] });
  closeSync(descriptor);
  expectHeld(inContainer);
  expect(namesOf(inContainer.walls, { standing: true })).toEqual(
    expect.arrayContaining(["USER", "FILES", "PROCESSES", "NETWORK", "SYSCALLS", "PRIVILEGES", "LIMITS"]),
  );
  expect(JSON.stringify(inContainer.tried)).toMatch(/bubblewrap as root: bwrap: .*(not permitted|Operation)/);
});

/** Refuses what Docker's filter refuses to a container without CAP_SYS_ADMIN: namespaces and mounts. */
function containerFilter(): Uint8Array {
  const column = arch === "arm64" ? 1 : 0;
  const refused = { type: "fail", errno: 1 } as const;
  const newNamespaces = 0x7e020000;
  return assembleFilter({
    architecture: arch === "arm64" ? 0xc00000b7 : 0xc000003e,
    rules: [
      ...(["unshare", "setns", "mount", "umount2", "pivot_root"] as const).map((name) => ({
        number: SYSCALLS[name][column],
        action: refused,
      })),
      { number: SYSCALLS.clone3[column], action: { type: "fail", errno: 38 } },
      {
        number: SYSCALLS.clone[column],
        guards: [{ argument: 0, mask: newNamespaces, oneOf: [0], otherwise: refused }],
        action: { type: "allow" },
      },
    ],
    fallback: { type: "allow" },
  });
}

test('"require" refuses to start without bubblewrap, and says what to do', async () => {
  await expect(startTestIsolation({ mode: "require", bubblewrap: "/nowhere/bwrap" })).rejects.toThrow(
    /^Cannot start with node.sandbox.isolation "require": .*bwrap.*(?:not found|No such file).* install bubblewrap 0\.7 or newer/,
  );
});

test('"off" starts processes as they are, and says so', async () => {
  const said: unknown[] = [];
  const log = { info() {}, warn: (...entry: unknown[]) => void said.push(entry) };
  using isolation = await startTestIsolation({ mode: "off" }, log);
  expect(isolation.walls).toEqual([]);
  expect(said).toEqual([
    [{ why: "node.sandbox.isolation is off" }, "contexts are not isolated by the operating system"],
  ]);
  const launch = isolation.launch({ ...REQUEST, firstDescriptor: 3 });
  launch.hold(spawn("true"))[Symbol.dispose]();
  expect(launch.args).toEqual(["run", "/main.js"]);
});

const REQUEST = { args: ["run"], mainModule: "/main.js", env: {}, net: false, memoryBytes: 1e9 };
