import { spawnSync } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { credentialsWith, describeAuth } from "../../test/contract/auth_suite.ts";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import type { Auth } from "../contract/mod.ts";
import basic from "./mod.ts";

const { signal } = new AbortController();

function start(file: string, cacheMs = 60_000): Promise<Auth> {
  return basic.start({ config: { file, realm: "hearth", cacheMs }, log: { info() {}, warn() {} }, signal });
}

function basicHeader(name: string, password: string) {
  return credentialsWith({ authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}` });
}

function passwd(args: readonly string[], input = "") {
  const program = resolve(import.meta.dirname, "passwd.ts");
  return spawnSync(process.execPath, [program, ...args], { input, encoding: "utf8" });
}

/** The content of a users file, written by the program. */
async function writeUsers(): Promise<string> {
  await using directory = await createTemporaryDirectory();
  const file = join(directory.path, "users");
  await writeFile(file, "# who may\n");
  expect(passwd([file, "alice", "--roles", "admin,viewer"], "correct: höstack\n").status).toBe(0);
  return readFile(file, "utf8");
}

const content = writeUsers();

/** That users file. */
async function createUsers() {
  const directory = await createTemporaryDirectory();
  const file = join(directory.path, "users");
  await writeFile(file, await content);
  return { file, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

describeAuth("auth-basic", async () => {
  const users = await createUsers();
  return {
    open: () => start(users.file),
    good: {
      credentials: basicHeader("alice", "correct: höstack"),
      principal: { id: "alice", roles: ["admin", "viewer"] },
    },
    bad: {
      "a wrong password": basicHeader("alice", "correct: höstac"),
      "an empty password": basicHeader("alice", ""),
      "an unknown user": basicHeader("mallory", "correct: höstack"),
      "another case": basicHeader("Alice", "correct: höstack"),
      "no user": basicHeader("", ""),
      "no colon": credentialsWith({ authorization: `Basic ${Buffer.from("alice").toString("base64")}` }),
      "no UTF-8": credentialsWith({ authorization: `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString("base64")}` }),
      "no base64": credentialsWith({ authorization: "Basic alice:correct" }),
      nothing: credentialsWith({ authorization: "Basic" }),
    },
    secrets: ["höstac", Buffer.from("alice:correct: höstack").toString("base64")],
    [Symbol.asyncDispose]: () => users[Symbol.asyncDispose](),
  };
});

test("a users file may begin with a byte order mark and have line ends of Windows, and passwd changes it", async () => {
  await using users = await createUsers();
  const { file } = users;
  // The first line, after the mark, is a user.
  const [, line = ""] = (await content).split("\n");
  await writeFile(file, `\ufeff${line}\r\n# bob left\r\n`);
  await using auth = await start(file);
  const alice = basicHeader("alice", "correct: höstack");
  expect(await auth.authenticate(alice, { signal })).toMatchObject({ kind: "principal", principal: { id: "alice" } });
  expect(passwd([file, "alice", "--delete"])).toMatchObject({ status: 0, stderr: "" });
  expect(await readFile(file, "utf8")).toBe("# bob left\n");
});

/** Processor time of a call, in milliseconds, independent of load. */
async function cpuMsOf(answer: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await answer();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

test("a correct password is hashed once, a wrong one each time", async () => {
  await using users = await createUsers();
  await using auth = await start(users.file);
  const timeOf = (password: string) => cpuMsOf(() => auth.authenticate(basicHeader("alice", password), { signal }));
  const first = await timeOf("correct: höstack");
  const again = await timeOf("correct: höstack");
  await timeOf("wrong");
  const wrongAgain = await timeOf("wrong");

  expect(again).toBeLessThan(first / 5);
  expect(wrongAgain).toBeGreaterThan(again * 5);
});

test("an unknown user costs as much time as a wrong password", async () => {
  await using users = await createUsers();
  await using auth = await start(users.file);
  const timeOf = async (name: string): Promise<number> => {
    const times: number[] = [];
    for (const password of ["a", "b", "c"]) {
      times.push(await cpuMsOf(() => auth.authenticate(basicHeader(name, password), { signal })));
    }
    return Math.min(...times);
  };
  const known = await timeOf("alice");
  const unknown = await timeOf("mallory");
  expect(unknown / known).toBeGreaterThan(0.2);
  expect(unknown / known).toBeLessThan(5);
});

test("a changed password and a deleted user take effect, even if remembered", async () => {
  await using users = await createUsers();
  await using auth = await start(users.file);
  const old = basicHeader("alice", "correct: höstack");
  const kindOf = async (credentials: typeof old) => (await auth.authenticate(credentials, { signal })).kind;
  expect(await kindOf(old)).toBe("principal");

  passwd([users.file, "alice"], "another\n");
  await expect.poll(() => kindOf(old)).toBe("refused");
  expect(await auth.authenticate(basicHeader("alice", "another"), { signal })).toMatchObject({
    principal: { id: "alice", roles: ["admin", "viewer"] },
  });

  passwd([users.file, "alice", "--delete"]);
  await expect.poll(() => kindOf(basicHeader("alice", "another"))).toBe("refused");
});

test("an unreadable users file refuses everyone", async () => {
  await using users = await createUsers();
  await using auth = await start(users.file);
  await writeFile(users.file, "alice:admin\n");
  const asked = () => auth.authenticate(basicHeader("alice", "correct: höstack"), { signal }).then(() => "", String);
  await expect.poll(asked).toContain("line 1 is not NAME:HASH:ROLE,ROLE");
});

test("start() reports the problem of a users file", async () => {
  await using directory = await createTemporaryDirectory();
  const file = join(directory.path, "users");
  await expect(start(file)).rejects.toThrow("ENOENT");
  await writeFile(file, "# fine\n\nalice:$scrypt$ln=40,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA:admin\n");
  await expect(start(file)).rejects.toThrow("line 3 is not NAME:HASH:ROLE,ROLE");
});

test("passwd keeps the other lines and lets only the owner read the file", async () => {
  await using users = await createUsers();
  expect(passwd([users.file, "bob", "--roles", "viewer"], "secret\n").status).toBe(0);

  const text = await readFile(users.file, "utf8");
  expect(text).toMatch(/^# who may\nalice:\$scrypt\$\S+:admin,viewer\nbob:\$scrypt\$\S+:viewer\n$/);
  expect(text).not.toContain("secret");
  expect((await stat(users.file)).mode & 0o777).toBe(0o600);
});

test.each([
  ["no arguments", [], "", "Usage: "],
  ["an empty password", ["FILE", "alice"], "\n", "Cannot use an empty password"],
  ["a name with a colon", ["FILE", "a:b"], "x\n", 'Cannot use name "a:b"'],
  ["a role with a comma", ["FILE", "alice", "--roles", "a b"], "x\n", 'Cannot use role "a b"'],
  ["a user that is not there", ["FILE", "carol", "--delete"], "", 'Cannot delete user "carol"'],
])("passwd refuses %s", async (_what, args, input, message) => {
  await using users = await createUsers();
  const { status, stderr } = passwd(
    args.map((arg) => (arg === "FILE" ? users.file : arg)),
    input,
  );
  expect(status).not.toBe(0);
  expect(stderr).toContain(message);
});
