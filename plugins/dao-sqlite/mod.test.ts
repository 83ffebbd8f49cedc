import { join } from "node:path";
import { describeDao } from "../../test/contract/dao_suite.ts";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import sqlite from "./mod.ts";

const log = { info() {}, warn() {} };

describeDao("dao-sqlite", async () => {
  const directory = await createTemporaryDirectory();
  const config = { path: join(directory.path, "new", "hearth.db") };
  return {
    open: () => sqlite.start({ config, log, signal: new AbortController().signal }),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
});
