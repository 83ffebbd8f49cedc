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

/** Says that it was used so many minutes ago. */
async function usedBefore(digest: string, minutes: number): Promise<void> {
  const time = new Date(Date.now() - minutes * 60_000);
  await utimes(pathOf(digest), time, time);
}

test("what was used longest ago goes first when there is too much", async () => {
  const folder = await openBlobFolder(directory, { maxBytes: 250 });
  await folder.add(a, content(blob("a")));
  await folder.add(b, content(blob("b")));
  await usedBefore(a, 2);
  await usedBefore(b, 1);
  await (await folder.open(a)).close();
  await folder.add(c, content(blob("c")));
  expect(await kept()).toEqual([a, c].sort());
});

test("what is held stays until it is let go, also beyond the limit", async () => {
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

test("the next process finds what there is, and bounds it", async () => {
  const first = await openBlobFolder(directory, { maxBytes: 1000 });
  await first.add(a, content(blob("a")));
  await first.add(b, content(blob("b")));
  await usedBefore(a, 1);
  const second = await openBlobFolder(directory, { maxBytes: 150 });
  expect([await second.has(a), await second.has(b)]).toEqual([false, true]);
  expect(await kept()).toEqual([b]);
});

test("a file that was damaged is not there, before and after it was found intact", async () => {
  await writeFile(pathOf(a), "a".repeat(99));
  const folder = await openBlobFolder(directory, { maxBytes: 1000 });
  expect(await folder.has(a)).toBe(false);
  await folder.add(a, content(blob("a")));
  expect(await folder.has(a)).toBe(true);
  await writeFile(pathOf(a), "b".repeat(100));
  expect(await folder.has(a)).toBe(false);
});

test("content that is not what its digest says is refused and not kept", async () => {
  const folder = await openBlobFolder(directory, { maxBytes: 1000 });
  await expect(folder.add(a, content(blob("b")))).rejects.toThrow(`The gateway sent other bytes for "${a}"`);
  expect(await kept()).toEqual([]);
});

test("what a killed process was writing goes, what another writes now stays, whatever the clock says", async () => {
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
