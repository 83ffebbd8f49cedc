import { spawnSync } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";

const PLUGINS = resolve(import.meta.dirname, "..");
const MEMORY = join(PLUGINS, "dao-memory", "mod.ts");

/** Runs a program of a plugin in a folder with a file `text`. Returns its output and what it leaves. */
async function run(program: string, args: readonly string[]) {
  await using directory = await createTemporaryDirectory();
  await writeFile(join(directory.path, "text"), "neither keys nor users nor a certificate\n");
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(PLUGINS, program), ...args], {
    ...{ cwd: directory.path, encoding: "utf8", timeout: 30_000 },
  });
  return { status, stdout, stderr, left: await readdir(directory.path) };
}

const KEYS = "auth-api-key/keys.ts";
const PASSWD = "auth-basic/passwd.ts";
const SERVER = "remote-server/main.ts";

test.each([KEYS, PASSWD, SERVER])("%s prints its usage with --help and without arguments", async (program) => {
  const usage = expect.stringMatching(new RegExp(`^Usage: node plugins/${program} [A-Z]+ (.*\n)+$`));
  expect(await run(program, ["--help"])).toEqual({ status: 0, stdout: usage, stderr: "", left: ["text"] });
  expect(await run(program, [])).toEqual({ status: 2, stdout: "", stderr: usage, left: ["text"] });
});

test.each([
  [KEYS, ["--foo"], "Cannot read the command line: Unknown option '--foo'"],
  [KEYS, ["create", "new", "--name"], "Cannot read the command line: Option '--name <value>' argument missing"],
  [KEYS, ["create", "new", "--name", "ci"], "Cannot create a key: --name and --roles are needed"],
  [KEYS, ["make", "new"], "Cannot make keys: expected create, list or revoke"],
  [KEYS, ["list"], "Cannot list keys: expected their FILE after it"],
  [KEYS, ["list", "one", "two"], 'Cannot list keys: expected no more, got "two"'],
  [KEYS, ["revoke", "text"], "Cannot revoke a key: expected its ID after the file, as list tells it"],
  [PASSWD, ["--foo"], "Cannot read the command line: Unknown option '--foo'"],
  [PASSWD, ["new"], "Cannot set a password: expected FILE and USER"],
  [PASSWD, ["new", "ann", "ben"], 'Cannot set a password: expected no more than FILE and USER, got "ben"'],
  [SERVER, ["--foo"], "Cannot read the command line: Unknown option '--foo'"],
  [SERVER, ["--listen", "127.0.0.1:0"], "Cannot serve a plugin: expected its MODULE"],
  [SERVER, [MEMORY, "--listen", "127.0.0.1"], 'Cannot listen on "127.0.0.1": expected HOST:PORT or unix:PATH'],
  [SERVER, [MEMORY, "--cert", "text"], "Cannot serve a plugin by TLS: --cert and --key are needed, both"],
])("%s reports an error of its command line in one line: %j", async (program, args, message) => {
  expect(await run(program, args)).toEqual({
    ...{ status: 2, stdout: "", left: ["text"] },
    stderr: `${message}. How it is called: node plugins/${program} --help\n`,
  });
});

test.each([
  [KEYS, ["list", "/nope"], "Cannot list the keys of /nope: there is no such file; create makes one"],
  [KEYS, ["list", "/"], "Cannot read /: EISDIR: illegal operation on a directory, read '/'"],
  [KEYS, ["list", "text"], /^Cannot read text: .* is not valid JSON$/],
  [KEYS, ["revoke", "/nope", "0123456789ab"], 'Cannot revoke key "0123456789ab": there is no file /nope'],
  [
    KEYS,
    ["create", "/nope/keys", "--name", "ci", "--roles", "ci"],
    "Cannot write /nope/keys: there is no such folder; make it first",
  ],
  [PASSWD, ["text", "ann"], "Cannot read text: line 1 is not NAME:HASH:ROLE,ROLE"],
  [PASSWD, ["/nope", "ann", "--delete"], 'Cannot delete user "ann": there is none in /nope'],
  [SERVER, ["./nope.ts"], 'Cannot serve plugin "./nope.ts": there is no such file'],
  [
    SERVER,
    [join(PLUGINS, "contract", "mod.ts")],
    /^Cannot serve plugin ".*": its default export is not a plugin; create it with definePlugin\(\)$/,
  ],
  [SERVER, [MEMORY, "--cert", "text", "--key", "/nope"], /^Cannot read the file of --key: ENOENT: .* '\/nope'$/],
  [SERVER, [MEMORY, "--cert", "text", "--key", "text"], /^Cannot listen on "127\.0\.0\.1:0": .*PEM/],
])("%s reports a failure in one line: %j", async (program, args, message) => {
  const { stderr, ...rest } = await run(program, args);
  expect(rest).toEqual({ status: 1, stdout: "", left: ["text"] });
  expect(stderr.split("\n")).toEqual([typeof message === "string" ? message : expect.stringMatching(message), ""]);
});
