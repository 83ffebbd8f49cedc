import { mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../../test/contract/temporary_directory.ts";
import { writeJar } from "./jar.ts";

/** Name and text of the files in a jar, in their order. */
function readJar(jar: Buffer): [string, string][] {
  const files: [string, string][] = [];
  let at = 0;
  while (jar.readUInt32LE(at) === 0x04034b50) {
    const [packed, nameLength] = [jar.readUInt32LE(at + 18), jar.readUInt16LE(at + 26)];
    const start = at + 30 + nameLength;
    const name = jar.toString("utf8", at + 30, start);
    files.push([name, inflateRawSync(jar.subarray(start, start + packed)).toString()]);
    at = start + packed;
  }
  return files;
}

test("writeJar() writes the manifest first, then the files by name, and the same bytes at any time", async () => {
  await using folder = await createTemporaryDirectory();
  const classes = join(folder.path, "classes");
  await mkdir(join(classes, "a"), { recursive: true });
  await writeFile(join(classes, "b.class"), "the class b");
  await writeFile(join(classes, "a", "ü.class"), "");
  const write = async (name: string) => {
    const jar = join(folder.path, name);
    await writeJar(jar, classes);
    return await readFile(jar);
  };
  const first = await write("1.jar");
  expect(readJar(first)).toEqual([
    ["META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n\r\n"],
    ["a/ü.class", ""],
    ["b.class", "the class b"],
  ]);
  await utimes(join(classes, "b.class"), 1, 1);
  expect((await write("2.jar")).equals(first)).toBe(true);
});
