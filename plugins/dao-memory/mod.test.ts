import { describeDao } from "hearth/conformance";
import memory from "./mod.ts";

const log = { info() {}, warn() {} };

describeDao("dao-memory", async () => ({
  open: () => memory.start({ config: {}, log, signal: new AbortController().signal }),
  async [Symbol.asyncDispose]() {},
}));
