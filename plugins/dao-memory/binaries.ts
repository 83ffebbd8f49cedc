import { clone } from "@bufbuild/protobuf";
import { type Binary, BinarySchema } from "../../proto/mod.ts";
import type { BinarySelector, BinaryStore } from "../contract/mod.ts";
import { compareBytes } from "./order.ts";
import type { MemoryRecord } from "./record.ts";

export function createBinaryStore({ binariesByName, lastVersions }: MemoryRecord): BinaryStore {
  return {
    async insert(binary) {
      const versions = binariesByName.get(binary.name) ?? [];
      const newest = versions.at(-1);
      if (newest?.digest === binary.digest) return copy(newest);
      const stored = copy(binary);
      stored.version = (lastVersions.get(binary.name) ?? 0) + 1;
      lastVersions.set(binary.name, stored.version);
      binariesByName.set(binary.name, [...versions, stored]);
      return copy(stored);
    },
    async get(name, selector) {
      const binary = binariesByName.get(name)?.findLast((each) => isSelected(each, selector));
      return binary && copy(binary);
    },
    async list({ limit, after }) {
      const names = [...binariesByName.keys()].filter((name) => after === undefined || compareBytes(name, after) > 0);
      const page = names.sort(compareBytes).slice(0, limit);
      return page.flatMap((name) => binariesByName.get(name)?.slice(-1) ?? []).map(copy);
    },
    async versions(name, { limit, before = Number.POSITIVE_INFINITY }) {
      const versions = binariesByName.get(name)?.filter(({ version }) => version < before) ?? [];
      return versions.toReversed().slice(0, limit).map(copy);
    },
    async delete(name, version) {
      const versions = binariesByName.get(name) ?? [];
      const isDeleted = (binary: Binary) => version === undefined || binary.version === version;
      const kept = versions.filter((binary) => !isDeleted(binary));
      if (kept.length > 0) binariesByName.set(name, kept);
      else binariesByName.delete(name);
      return versions.filter(isDeleted).toReversed();
    },
    async uses(digest) {
      const digestsOf = (binary: Binary) => [binary.digest, binary.bundleDigest, binary.sourceMapDigest];
      return [...binariesByName.values()].flat().some((binary) => digestsOf(binary).includes(digest));
    },
  };
}

function isSelected(binary: Binary, selector: BinarySelector): boolean {
  if ("version" in selector) return binary.version === selector.version;
  return "newest" in selector || binary.digest === selector.digest;
}

function copy(binary: Binary): Binary {
  return clone(BinarySchema, binary);
}
