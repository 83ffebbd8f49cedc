import { create, toBinary } from "@bufbuild/protobuf";
import { type Binary, BinarySchema } from "../../../proto/mod.ts";
import { type BinarySelector, type BinaryStore, readRecord } from "../../contract/mod.ts";
import type { Query } from "../database.ts";
import { deleteBinaries, insertBinary, type StoredBinary, storedBinary } from "./binary_writes.ts";
import { numberOf, stringIn } from "./rows.ts";
import type { StoreDeps } from "./store.ts";
import { textOf } from "./text.ts";

const VERSIONS = "SELECT version, message FROM binaries WHERE name = $1";

export function createBinaryStore({ reader, writer, records }: StoreDeps): BinaryStore {
  return {
    async insert(binary) {
      const { name, digest, bundleDigest, sourceMapDigest } = binary;
      const columns = [textOf(name), textOf(digest), textOf(bundleDigest), textOf(sourceMapDigest)] as const;
      return binaryOf(name, await writer.write(insertBinary(columns, toBinary(BinarySchema, binary))));
    },
    async get(name, selector) {
      const [row] = await reader.read(selectQuery(textOf(name), selector));
      return row && binaryOf(name, storedBinary(row));
    },
    async list({ limit, after }) {
      const text = `
        SELECT DISTINCT ON (name) name, version, message FROM binaries WHERE $1::text IS NULL OR name > $1
        ORDER BY name, version DESC LIMIT $2`;
      return records.readPage({
        limit,
        from: after,
        rows: (from, most) => {
          const values = [from === undefined ? null : textOf(from), most];
          return reader.read({ name: "newest_binaries", text, values });
        },
        keyOf: (row) => stringIn(row, "name"),
        read: (row) => binaryOf(stringIn(row, "name"), storedBinary(row)),
      });
    },
    async versions(name, { limit, before }) {
      const text = `${VERSIONS} AND ($2::bigint IS NULL OR version < $2::bigint) ORDER BY version DESC LIMIT $3`;
      return records.readPage({
        limit,
        from: before,
        rows: (from, most) =>
          reader.read({ name: "binary_versions", text, values: [textOf(name), from ?? null, most] }),
        keyOf: (row): number | undefined => numberOf(row, "version"),
        read: (row) => binaryOf(name, storedBinary(row)),
      });
    },
    async delete(name, version) {
      const deleted = await writer.write(deleteBinaries(textOf(name), version));
      const unread = (stored: StoredBinary) => create(BinarySchema, { name, version: stored.version });
      return deleted.map((stored) => records.tryRead(() => binaryOf(name, stored)) ?? unread(stored));
    },
    async uses(digest) {
      const text = `
        SELECT FROM binaries WHERE digest = $1 OR bundle_digest = $1 OR source_map_digest = $1 LIMIT 1`;
      const rows = await reader.read({ name: "binary_use", text, values: [textOf(digest)] });
      return rows.length > 0;
    },
  };
}

function selectQuery(name: string, selector: BinarySelector): Query {
  if ("version" in selector) {
    return {
      name: "binary_by_version",
      text: `${VERSIONS} AND version = $2::bigint`,
      values: [name, selector.version],
    };
  }
  if ("digest" in selector) {
    const text = `${VERSIONS} AND digest = $2 ORDER BY version DESC LIMIT 1`;
    return { name: "binary_by_digest", text, values: [name, textOf(selector.digest)] };
  }
  return { name: "newest_binary", text: `${VERSIONS} ORDER BY version DESC LIMIT 1`, values: [name] };
}

function binaryOf(name: string, { version, message }: StoredBinary): Binary {
  const binary = readRecord(BinarySchema, message, `version ${version} of binary "${name}"`);
  binary.version = version;
  return binary;
}
