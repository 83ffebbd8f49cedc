import type { FileStore } from "../../../../plugins/contract/mod.ts";
import { DaoService } from "../../../../proto/remote_plugin.ts";
import { defined } from "../connection.ts";
import type { DaoCalls } from "./calls.ts";

const { method } = DaoService;

export function createFileStore({ read, write }: DaoCalls): FileStore {
  return {
    async insert(file) {
      return (await write("insertFile", { file })).takenBy;
    },
    async put(file) {
      return (await write("putFile", { file })).file;
    },
    async get(name) {
      return (await read(method.getFile, { name })).file;
    },
    async list({ prefix }, { limit, after }) {
      return (await read(method.listFiles, { limit, ...defined({ prefix, after }) })).files;
    },
    async delete(name) {
      return (await write("deleteFile", { name })).file;
    },
    async uses(digest) {
      return (await read(method.isDigestUsedByFile, { digest })).used;
    },
  };
}
