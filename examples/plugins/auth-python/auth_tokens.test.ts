import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { credentialsWith, describeAuth } from "hearth/conformance";
import { describe, expect, test } from "vitest";
import { findPython, startPythonPlugin } from "../../../test/plugins/python.ts";
import { startRemote } from "../../../test/plugins/server.ts";

const PROGRAM = join(import.meta.dirname, "auth_tokens.py");
const { python, missing } = findPython(join(import.meta.dirname, "requirements.txt"));
if (missing !== undefined) console.warn(`The plugin in Python is not tested: ${missing}`);

/** The plugin as a process on a socket of its own, and a file of tokens. */
async function startTokens() {
  const plugin = await startPythonPlugin(python, PROGRAM);
  const file = join(plugin.directory, "tokens");
  await writeFile(file, "# ours\nlet-me-in:alice:admin,viewer\n");
  return { address: plugin.address, file, [Symbol.asyncDispose]: () => plugin[Symbol.asyncDispose]() };
}

describe.skipIf(missing !== undefined)("the plugin in Python", () => {
  describeAuth("auth-python", async () => {
    const plugin = await startTokens();
    return {
      open: () => startRemote("auth", plugin.address, { config: { file: plugin.file } }),
      good: {
        credentials: credentialsWith({ authorization: "Bearer let-me-in" }),
        principal: { id: "alice", roles: ["admin", "viewer"] },
      },
      bad: {
        "another token": credentialsWith({ authorization: "Bearer let-me-on" }),
        "no token": credentialsWith({ authorization: "Bearer" }),
      },
      secrets: ["let-me"],
      [Symbol.asyncDispose]: () => plugin[Symbol.asyncDispose](),
    };
  });

  test("it lists what is wrong with its configuration", async () => {
    await using plugin = await startTokens();

    const start = startRemote("auth", plugin.address, { config: { file: 1, extra: true } });

    await expect(start).rejects.toMatchObject({ name: "PluginError", step: "configure" });
    await expect(start).rejects.toThrow(/extra: .*\n.*file: /);
  });
});
