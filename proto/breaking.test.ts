import { execFileSync, spawnSync } from "node:child_process";
import { cp, readFile, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../test/contract/temporary_directory.ts";

const ROOT = resolve(import.meta.dirname, "..");

/** A repository with the `.proto` files of this one on its branch main, in which a branch is checked out. */
async function createBranch() {
  const directory = await createTemporaryDirectory();
  const { path } = directory;
  for (const name of ["package.json", "buf.yaml"]) await cp(join(ROOT, name), join(path, name));
  await cp(join(ROOT, "proto"), join(path, "proto"), {
    recursive: true,
    filter: (source) => source !== join(ROOT, "proto", "gen"),
  });
  await symlink(join(ROOT, "node_modules"), join(path, "node_modules"));
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=test", "-c", "user.email=test@localhost", ...args], { cwd: path });
  git("init", "-q", "-b", "main");
  const commit = (message: string) => {
    git("add", "proto", "buf.yaml");
    git("commit", "-q", "-m", message);
  };
  commit("What there is");
  git("checkout", "-q", "-b", "work");
  return {
    commit,
    git,
    /** Changes a file as a person would. */
    async edit(file: string, from: string, to: string): Promise<void> {
      const text = await readFile(join(path, file), "utf8");
      expect(text).toContain(from);
      await writeFile(join(path, file), text.replace(from, to));
    },
    check: () => spawnSync("npm", ["run", "--silent", "check:breaking"], { cwd: path, encoding: "utf8" }),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

const FILE = "proto/hearth/v1/binary.proto";

test("check:breaking names what a branch takes from clients, and lets it add", async () => {
  await using branch = await createBranch();
  await branch.edit(FILE, "message Binary {", "message Binary {\n  string added = 99;");
  branch.commit("Adds a field");
  expect(branch.check()).toMatchObject({ status: 0, stdout: "" });

  await branch.edit(FILE, "string name = 1", "string called = 1");
  branch.commit("Renames a field");
  expect(branch.check()).toMatchObject({
    status: 100,
    stdout: expect.stringContaining('Field "1" on message "Binary" changed name from "name" to "called"'),
  });
});

test("check:breaking does not hold against a branch what main has added since", async () => {
  await using branch = await createBranch();
  branch.git("checkout", "-q", "main");
  await branch.edit(FILE, "message Binary {", "message Binary {\n  string added = 99;");
  branch.commit("Adds a field");
  branch.git("checkout", "-q", "work");
  expect(branch.check()).toMatchObject({ status: 0, stdout: "" });
});
