import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { until } from "../../test/until.ts";
import { digestOf } from "./digest.ts";
import { openBlobFolder } from "./folder.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "hearth-blobs-"));
  return () => rm(directory, { recursive: true });
});

const blob = (letter: string) => Buffer.from(letter.repeat(100));
const [a, b, c] = ["a", "b", "c"].map((letter) => digestOf(blob(letter))) as [string, string, string];

const content = (bytes: Uint8Array) => new Blob([Uint8Array.from(bytes)]).stream() as ReadableStream<Uint8Array>;

const pathOf = (digest: string) => join(directory, digest.slice("sha256:".length));

async function kept(): Promise<string[]> {
  return (await readdir(directory)).map((name) => `sha256:${name}`).sort();
}

/** Sets the time of the last use. */
async function usedBefore(digest: string, minutes: number): Promise<void> {
  const time = new Date(Date.now() - minutes * 60_000);
  await utimes(pathOf(digest), time, time);
}

test("the least recently used blobs are removed first", async () => {
  const folder = await openBlobFolder(directory, { maxBytes: 250 });
  await folder.add(a, content(blob("a")));
  await folder.add(b, content(blob("b")));
  await usedBefore(a, 2);
  await usedBefore(b, 1);
  await (await folder.open(a)).close();
  await folder.add(c, content(blob("c")));
  expect(await kept()).toEqual([a, c].sort());
});

test("held blobs stay until they are released, also beyond the limit", async () => {
  const folder = await openBlobFolder(directory, { maxBytes: 150 });
  const holds = [folder.hold(a), folder.hold(a), folder.hold(b)];
  await folder.add(a, content(blob("a")));
  await folder.add(b, content(blob("b")));
  expect(await kept()).toEqual([a, b].sort());
  holds[0]?.[Symbol.dispose]();
  holds[2]?.[Symbol.dispose]();
  await folder.prune();
  expect(await kept()).toEqual([a]);
});

test("the next process finds the blobs and bounds them", async () => {
  const first = await openBlobFolder(directory, { maxBytes: 1000 });
  await first.add(a, content(blob("a")));
  await first.add(b, content(blob("b")));
  await usedBefore(a, 1);
  const second = await openBlobFolder(directory, { maxBytes: 150 });
  expect([await second.has(a), await second.has(b)]).toEqual([false, true]);
  expect(await kept()).toEqual([b]);
});

test("a damaged file counts as absent, before and after it was checked", async () => {
  await writeFile(pathOf(a), "a".repeat(99));
  const folder = await openBlobFolder(directory, { maxBytes: 1000 });
  expect(await folder.has(a)).toBe(false);
  await folder.add(a, content(blob("a")));
  expect(await folder.has(a)).toBe(true);
  await writeFile(pathOf(a), "b".repeat(100));
  expect(await folder.has(a)).toBe(false);
});

test("content that does not match its digest is refused and not kept", async () => {
  const folder = await openBlobFolder(directory, { maxBytes: 1000 });
  await expect(folder.add(a, content(blob("b")))).rejects.toThrow(
    `The gateway sent content that does not match "${a}"`,
  );
  expect(await kept()).toEqual([]);
});

test("partial files of killed processes are removed, those of living ones stay, under any clock", async () => {
  const [old, fresh] = ["1", "2"].map((suffix) => `${pathOf(a)}.${suffix}`) as [string, string];
  await writeFile(old, "half");
  await writeFile(fresh, "half");
  const yesterday = new Date(Date.now() - 24 * 3600_000);
  const folder = await openBlobFolder(directory, { maxBytes: 1000, abandonedMs: 50 });
  let bytes = 4;
  await until("what a killed process was writing is gone", async () => {
    await writeFile(fresh, "x".repeat(bytes++));
    await utimes(fresh, yesterday, yesterday);
    await folder.add(b, content(blob("b")));
    return (await kept()).length === 2;
  });
  expect((await kept()).sort()).toEqual([`${a}.2`, b].sort());
});
