/** Admits everyone as one principal. A gateway with it listens on loopback only. */
import { z } from "zod";
import { definePlugin } from "../contract/mod.ts";

export default definePlugin({
  kind: "auth",
  name: "none",
  config: z.strictObject({
    id: z.string().min(1).default("anonymous").describe("Id of the principal that everybody is"),
    roles: z.array(z.string().min(1)).default(["anonymous"]).describe("Its roles"),
  }),
  async start({ config: { id, roles } }) {
    return {
      admitsAnyone: true,
      async authenticate(_credentials, { signal }) {
        signal.throwIfAborted();
        return { kind: "principal", principal: { id, roles } };
      },
      async [Symbol.asyncDispose]() {},
    };
  },
});
