import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSecretFolder } from "./folder.ts";

let parent: string;
let folder: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "hearth-secrets-"));
  folder = join(parent, "secrets");
  await mkdir(folder);
});
afterAll(() => rm(parent, { recursive: true }));

const read = (name: string): Promise<string> => createSecretFolder(folder)(name);

test.each([
  ["as it is", " a b\tc ", " a b\tc "],
  ["without the line break at its end", "value\n", "value"],
  ["without one of Windows", "value\r\n", "value"],
  ["without the byte order mark of an editor", "\ufeffvalue\r\n", "value"],
  ["with all but the last line break", "a\nb\n\n", "a\nb\n"],
])("a secret is read %s", async (_, content, expected) => {
  await writeFile(join(folder, "plain"), content);
  expect(await read("plain")).toBe(expected);
});

test("a changed secret is read again, also when Kubernetes replaces all of them", async () => {
  const publish = async (version: string): Promise<void> => {
    await mkdir(join(folder, `..${version}`));
    await writeFile(join(folder, `..${version}`, "rotated"), version);
    await symlink(`..${version}`, join(folder, "..data_tmp"));
    await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  };
  await publish("first");
  await symlink(join("..data", "rotated"), join(folder, "rotated"));
  expect(await read("rotated")).toBe("first");
  await publish("second");
  await rm(join(folder, "..first"), { recursive: true });
  expect(await read("rotated")).toBe("second");
});

test("the error of an unavailable secret has the reason and not the value", async () => {
  await writeFile(join(parent, "outside"), "not a secret");
  await symlink(join(parent, "outside"), join(folder, "leaves"));
  await writeFile(join(folder, "large"), "x".repeat(64 * 1024 + 1));
  await writeFile(join(folder, "binary"), Buffer.from([0x80, 0xff, 0x00]));
  await writeFile(join(folder, "empty"), "\n");
  await mkdir(join(folder, "folder"));
  await symlink("loop", join(folder, "loop"));
  const reasons = {
    missing: "the node has none of that name",
    leaves: "its file is a link that leaves the folder",
    large: "its file has 65537 bytes, and at most 65536 are read",
    binary: "its file is not UTF-8 text",
    empty: "its file is empty",
    folder: "it is not a file",
    loop: "its file cannot be read (ELOOP)",
  };
  for (const [name, reason] of Object.entries(reasons)) {
    await expect(read(name)).rejects.toThrow(`Cannot read secret "${name}": ${reason}`);
  }
  await expect(createSecretFolder(undefined)("db")).rejects.toThrow(
    'Cannot read secret "db": the node has no folder of secrets (node.secrets.dir)',
  );
});
