import { create, toBinary } from "@bufbuild/protobuf";
import { type Binary, BinarySchema } from "../../../proto/mod.ts";
import { type BinaryStore, readRecord } from "../../contract/mod.ts";
import { type StoredBinary, storedBinary } from "./binary_writes.ts";
import { numberOf, type Row, textOf } from "./rows.ts";
import type { StoreDeps } from "./store.ts";

const KNOWN_BINARIES = 1000;

export function createBinaryStore({ reader, writer, records }: StoreDeps): BinaryStore {
  const newestVersion = reader.prepare("SELECT version FROM binaries WHERE name = ? ORDER BY version DESC LIMIT 1");
  const byVersion = reader.prepare("SELECT version, message FROM binaries WHERE name = ? AND version = ?");
  const byDigest = reader.prepare(
    "SELECT version, message FROM binaries WHERE name = ? AND digest = ? ORDER BY version DESC LIMIT 1",
  );
  // With max(), SQLite takes the other columns from the row with the maximum.
  const newestOfEach = reader.prepare(`
    SELECT name, max(version) AS version, message FROM binaries WHERE name > ? GROUP BY name ORDER BY name LIMIT ?`);
  const newestOfEachFromStart = reader.prepare(`
    SELECT name, max(version) AS version, message FROM binaries GROUP BY name ORDER BY name LIMIT ?`);
  const versionsBefore = reader.prepare(`
    SELECT version, message FROM binaries WHERE name = ? AND version < ? ORDER BY version DESC LIMIT ?`);
  const use = reader.prepare(`
    SELECT 1 FROM binaries WHERE digest = $digest
    UNION ALL SELECT 1 FROM binaries WHERE bundle_digest = $digest
    UNION ALL SELECT 1 FROM binaries WHERE source_map_digest = $digest LIMIT 1`);

  /** The newest versions that were asked for: every job asks for one, and a version never changes. */
  const newestByName = new Map<string, Binary>();

  function getNewest(name: string): Binary | undefined {
    const version = newestVersion.get(name)?.version;
    const known = newestByName.get(name);
    if (known?.version === version) return known;
    newestByName.delete(name);
    const row = version === undefined ? undefined : byVersion.get(name, version);
    if (row === undefined) return undefined;
    const binary = binaryOf(name, storedBinary(row));
    if (newestByName.size >= KNOWN_BINARIES) newestByName.clear();
    newestByName.set(name, binary);
    return binary;
  }

  function select(name: string, selector: { version: number } | { digest: string }): Row | undefined {
    return "version" in selector ? byVersion.get(name, selector.version) : byDigest.get(name, selector.digest);
  }

  return {
    async insert(binary) {
      const { name, digest, bundleDigest, sourceMapDigest } = binary;
      const columns = [name, digest, bundleDigest, sourceMapDigest] as const;
      return binaryOf(name, await writer.write("insertBinary", columns, toBinary(BinarySchema, binary)));
    },
    async get(name, selector) {
      if ("newest" in selector) return getNewest(name);
      const row = select(name, selector);
      return row && binaryOf(name, storedBinary(row));
    },
    async list({ limit, after }) {
      return records.readPage({
        limit,
        from: after,
        rows: (from, most) => (from === undefined ? newestOfEachFromStart.all(most) : newestOfEach.all(from, most)),
        keyOf: (row) => textOf(row, "name"),
        read: (row) => binaryOf(textOf(row, "name"), storedBinary(row)),
      });
    },
    async versions(name, { limit, before = Number.MAX_SAFE_INTEGER }) {
      return records.readPage({
        limit,
        from: before,
        rows: (from, most) => versionsBefore.all(name, from, most),
        keyOf: (row) => numberOf(row, "version"),
        read: (row) => binaryOf(name, storedBinary(row)),
      });
    },
    async delete(name, version) {
      const deleted = await writer.write("deleteBinaries", [name, version ?? null]);
      const unread = (stored: StoredBinary) => create(BinarySchema, { name, version: stored.version });
      return deleted.map((stored) => records.tryRead(() => binaryOf(name, stored)) ?? unread(stored));
    },
    async uses(digest) {
      return use.get({ digest }) !== undefined;
    },
  };
}

function binaryOf(name: string, { version, message }: StoredBinary): Binary {
  const binary = readRecord(BinarySchema, message, `version ${version} of binary "${name}"`);
  binary.version = version;
  return binary;
}
