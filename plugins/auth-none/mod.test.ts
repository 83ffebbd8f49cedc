import { credentialsWith, describeAuth } from "../../test/contract/auth_suite.ts";
import none from "./mod.ts";

describeAuth("auth-none", async () => ({
  open: () =>
    none.start({
      config: { id: "anonymous", roles: ["anonymous"] },
      log: { info() {}, warn() {} },
      signal: new AbortController().signal,
    }),
  good: { credentials: credentialsWith({}), principal: { id: "anonymous", roles: ["anonymous"] } },
  bad: {},
  secrets: [],
  async [Symbol.asyncDispose]() {},
}));
