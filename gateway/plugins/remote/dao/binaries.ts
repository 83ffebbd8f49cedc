import type { BinarySelector, BinaryStore } from "../../../../plugins/contract/mod.ts";
import { DaoService } from "../../../../proto/remote_plugin.ts";
import { defined } from "../connection.ts";
import type { DaoCalls } from "./calls.ts";

const { method } = DaoService;

export function createBinaryStore({ read, write }: DaoCalls): BinaryStore {
  return {
    async insert(binary) {
      const stored = (await write("insertBinary", { binary })).binary;
      if (stored === undefined)
        throw new Error(`the DAO plugin did not return the binary that it stored: ${binary.name}`);
      return stored;
    },
    async get(name, selector) {
      return (await read(method.getBinary, { name, selector: toSelector(selector) })).binary;
    },
    async list({ limit, after }) {
      return (await read(method.listBinaries, { limit, ...defined({ after }) })).binaries;
    },
    async versions(name, { limit, before }) {
      return (await read(method.listBinaryVersions, { name, limit, ...defined({ before }) })).binaries;
    },
    async delete(name, version) {
      return (await write("deleteBinary", { name, ...defined({ version }) })).binaries;
    },
    async uses(digest) {
      return (await read(method.isDigestUsedByBinary, { digest })).used;
    },
  };
}

function toSelector(selector: BinarySelector) {
  if ("version" in selector) return { case: "version", value: selector.version } as const;
  if ("digest" in selector) return { case: "digest", value: selector.digest } as const;
  return { case: undefined };
}
