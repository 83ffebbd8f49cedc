import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { BlobStore, Digest } from "../../plugins/contract/mod.ts";
import { collect } from "./samples.ts";

/** The back end of a blob store. Disposed after the stores that were opened on it. */
export interface BlobBackEnd extends AsyncDisposable {
  /** Opens a store on the back end; several may be open at a time. */
  open(): Promise<BlobStore>;
  /** Changes a byte of a stored blob, as a failing disk would. */
  damage(digest: Digest): Promise<void>;
}

/** Checks every promise of `BlobStore`. `createBackEnd` makes an empty back end, a new one for each test. */
export function describeBlobs(name: string, createBackEnd: () => Promise<BlobBackEnd>): void {
  describe(`${name} keeps the contract of BlobStore`, () => {
    test.each([0, 1, 1000, 5_000_000])("put() and open() carry %i bytes", async (sizeBytes) => {
      await using backEnd = await createBackEnd();
      await using store = await backEnd.open();
      const content = patternOf(sizeBytes);

      expect(await store.put(content)).toEqual({ digest: digestOf(content), sizeBytes });
      expect((await readBlob(store, digestOf(content))).equals(content)).toBe(true);
    });

    test("put() takes a stream", async () => {
      await using backEnd = await createBackEnd();
      await using store = await backEnd.open();
      const content = patternOf(300_000);

      expect(await store.put(chunksOf(content))).toEqual({ digest: digestOf(content), sizeBytes: 300_000 });
      expect(await readBlob(store, digestOf(content))).toEqual(Buffer.from(content));
    });

    test("put() of what is there already changes nothing but its age", async () => {
      await using backEnd = await createBackEnd();
      await using store = await backEnd.open();
      const content = patternOf(1000);
      const first = await store.put(content);

      expect(await Promise.all([store.put(content), store.put(chunksOf(content)), store.put(content)])).toEqual([
        first,
        first,
        first,
      ]);
      expect(await digestsIn(store)).toEqual([first.digest]);
      expect(await readBlob(store, first.digest)).toEqual(Buffer.from(content));
    });

    test("nothing remains of a put() that fails half-way", async () => {
      await using backEnd = await createBackEnd();
      await using store = await backEnd.open();
      const cause = new Error("the client left");
      async function* breakOff() {
        yield patternOf(100_000);
        throw cause;
      }

      await expect(store.put(breakOff())).rejects.toBe(cause);
      expect(await digestsIn(store)).toEqual([]);
      expect(await store.open(digestOf(patternOf(100_000)))).toBeUndefined();
    });

    test("open() returns undefined for a missing digest", async () => {
      await using backEnd = await createBackEnd();
      await using store = await backEnd.open();

      expect(await store.open(digestOf(patternOf(1)))).toBeUndefined();
      expect(await store.delete(digestOf(patternOf(1)))).toBe(false);
    });

    test.each([
      "",
      "sha256:",
      "sha256:../../../../etc/passwd",
      `sha256:${"a".repeat(63)}`,
      `sha256:${"A".repeat(64)}`,
      `sha256:${"a".repeat(64)}\n`,
      `sha256:${"a".repeat(60)}/../`,
      `md5:${"a".repeat(64)}`,
    ])("%j, which is no digest, names no blob", async (digest) => {
      await using backEnd = await createBackEnd();
      await using store = await backEnd.open();

      expect(await store.open(digest)).toBeUndefined();
      expect(await store.delete(digest)).toBe(false);
    });

    test("reading a blob that is damaged fails", async () => {
      await using backEnd = await createBackEnd();
      await using store = await backEnd.open();
      const { digest } = await store.put(patternOf(200_000));

      await backEnd.damage(digest);

      await expect(readBlob(store, digest)).rejects.toThrow(digest);
    });

    test("a stream may be cancelled before and while it is read", async () => {
      await using backEnd = await createBackEnd();
      await using store = await backEnd.open();
      const { digest } = await store.put(patternOf(500_000));

      await (await store.open(digest))?.cancel();
      const reader = (await store.open(digest))?.getReader();
      await reader?.read();
      await reader?.cancel();

      expect(await readBlob(store, digest)).toHaveLength(500_000);
    });

    test("a stream that was opened before its blob was deleted still ends well", async () => {
      await using backEnd = await createBackEnd();
      await using store = await backEnd.open();
      const content = patternOf(500_000);
      const { digest } = await store.put(content);

      const stream = await store.open(digest);
      await store.delete(digest);

      expect(stream && Buffer.concat(await collect(stream)).equals(content)).toBe(true);
    });

    test("delete() removes a blob and no other", async () => {
      await using backEnd = await createBackEnd();
      await using store = await backEnd.open();
      const one = await store.put(patternOf(1));
      const other = await store.put(patternOf(2));

      expect(await store.delete(one.digest)).toBe(true);
      expect(await store.delete(one.digest)).toBe(false);

      expect(await store.open(one.digest)).toBeUndefined();
      expect(await digestsIn(store)).toEqual([other.digest]);
    });

    test("list() returns all blobs with the time of their last put or renew()", async () => {
      await using backEnd = await createBackEnd();
      await using store = await backEnd.open();
      const stored = await Promise.all(Array.from({ length: 40 }, (_, n) => store.put(patternOf(n))));
      const [put, renewed] = stored.map((blob) => blob.digest);
      const first = await agesIn(store);

      await untilClockMoves();
      await store.put(patternOf(0));
      expect(await store.renew(renewed ?? "")).toBe(true);
      const second = await agesIn(store);

      expect([...first.keys()].sort()).toEqual(stored.map((blob) => blob.digest).sort());
      const younger = [...second].filter(([digest, age]) => age > (first.get(digest) ?? 0));
      expect(younger.map(([digest]) => digest).sort()).toEqual([put, renewed].sort());
    });

    test("renew() returns false for a missing blob", async () => {
      await using backEnd = await createBackEnd();
      await using store = await backEnd.open();

      expect(await store.renew(digestOf(patternOf(1)))).toBe(false);
      expect(await store.renew("sha256:../../../../etc/passwd")).toBe(false);
      expect(await digestsIn(store)).toEqual([]);
    });

    test("delete() with storedBefore leaves what was put or renewed since", async () => {
      await using backEnd = await createBackEnd();
      await using store = await backEnd.open();
      const old = await store.put(patternOf(10));
      const renewed = await store.put(patternOf(20));
      await untilClockMoves();
      const storedBefore = new Date();
      await untilClockMoves();
      await store.renew(renewed.digest);
      const young = await store.put(patternOf(30));

      const remove = ({ digest }: { digest: Digest }) => store.delete(digest, { storedBefore });
      expect(await Promise.all([old, renewed, young, { digest: digestOf(patternOf(40)) }].map(remove))).toEqual([
        true,
        false,
        false,
        false,
      ]);
      expect(await digestsIn(store)).toEqual([renewed.digest, young.digest].sort());
      expect(await readBlob(store, renewed.digest)).toHaveLength(20);
    });

    test("a blob stays after put(), under concurrent delete() with storedBefore", async () => {
      await using backEnd = await createBackEnd();
      await using store = await backEnd.open();
      await using other = await backEnd.open();
      for (let round = 0; round < 50; round++) {
        const content = patternOf(round);
        const { digest } = await store.put(content);
        await untilClockMoves();
        const storedBefore = new Date();
        await untilClockMoves();

        const sweeps = Array.from({ length: 4 }, (_, n) => (n % 2 ? store : other).delete(digest, { storedBefore }));
        const put = round % 2 ? content : chunksOf(content);
        await Promise.all([...sweeps, store.put(put)]);

        expect(await readBlob(other, digest)).toHaveLength(round);
      }
    });

    test("a store sees what another one on the same back end put, and what was there before", async () => {
      await using backEnd = await createBackEnd();
      const first = await backEnd.open();
      await using other = await backEnd.open();
      const { digest } = await first.put(patternOf(10));
      expect(await readBlob(other, digest)).toEqual(Buffer.from(patternOf(10)));
      await first[Symbol.asyncDispose]();

      await using again = await backEnd.open();
      expect(await readBlob(again, digest)).toEqual(Buffer.from(patternOf(10)));
    });

    test("opening a store does not disturb a put() of another", async () => {
      await using backEnd = await createBackEnd();
      await using store = await backEnd.open();
      async function* openAnother() {
        yield patternOf(10);
        await using _other = await backEnd.open();
        yield patternOf(20);
      }

      const { digest } = await store.put(openAnother());

      expect(await readBlob(store, digest)).toHaveLength(30);
    });

    test("checkHealth() resolves while the store works and heeds its signal", async () => {
      await using backEnd = await createBackEnd();
      await using store = await backEnd.open();
      const reason = new Error("enough");

      await store.checkHealth();
      await expect(store.checkHealth({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(await digestsIn(store)).toEqual([]);
    });
  });
}

async function digestsIn(store: BlobStore): Promise<Digest[]> {
  return (await collect(store.list())).map(({ digest }) => digest).sort();
}

/** Milliseconds since 1970, by digest. */
async function agesIn(store: BlobStore): Promise<Map<Digest, number>> {
  return new Map((await collect(store.list())).map(({ digest, storedAt }) => [digest, storedAt.getTime()]));
}

/** Longest tick of a kernel's clock, by which file systems stamp files, and some. */
const TICK_MS = 12;

/** Resolves when the clock has advanced, even one with coarse ticks. */
async function untilClockMoves(): Promise<void> {
  const now = Date.now();
  while (Date.now() < now + TICK_MS) await new Promise((resolve) => setImmediate(resolve));
}

function patternOf(sizeBytes: number): Uint8Array {
  return new Uint8Array(sizeBytes).map((_, n) => n * 31 + (n >> 8));
}

function digestOf(content: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

async function* chunksOf(content: Uint8Array): AsyncIterable<Uint8Array> {
  for (let start = 0; start < content.length; start += 70_000) yield content.subarray(start, start + 70_000);
}

async function readBlob(store: BlobStore, digest: Digest): Promise<Buffer> {
  const stream = await store.open(digest);
  if (!stream) throw new Error(`There is no blob ${digest}`);
  return Buffer.concat(await collect(stream));
}
