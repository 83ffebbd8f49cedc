import { clone } from "@bufbuild/protobuf";
import { FileSchema } from "../../proto/mod.ts";
import type { FileStore } from "../contract/mod.ts";
import { compareBytes } from "./order.ts";
import type { MemoryRecord } from "./record.ts";

export function createFileStore({ filesByName }: MemoryRecord): FileStore {
  return {
    async insert(file) {
      const taken = filesByName.get(file.name);
      if (taken !== undefined) return clone(FileSchema, taken);
      filesByName.set(file.name, clone(FileSchema, file));
      return undefined;
    },
    async put(file) {
      const replaced = filesByName.get(file.name);
      filesByName.set(file.name, clone(FileSchema, file));
      return replaced;
    },
    async get(name) {
      const file = filesByName.get(name);
      return file && clone(FileSchema, file);
    },
    async list({ prefix = "" }, { limit, after = "" }) {
      const found = [...filesByName.values()].filter(
        ({ name }) => name.startsWith(prefix) && compareBytes(name, after) > 0,
      );
      const page = found.sort((a, b) => compareBytes(a.name, b.name)).slice(0, limit);
      return page.map((file) => clone(FileSchema, file));
    },
    async delete(name) {
      const deleted = filesByName.get(name);
      filesByName.delete(name);
      return deleted;
    },
    async uses(digest) {
      return [...filesByName.values()].some((file) => file.digest === digest);
    },
  };
}
