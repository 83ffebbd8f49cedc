import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { type Context, Context_State, ContextSettingsSchema, Runtime } from "../../proto/mod.ts";
import type { GatewayMessage } from "../../proto/node.ts";
import { sampleContext } from "../../test/contract/samples.ts";
import type { NodeDirectory } from "../nodes/mod.ts";
import type { ContextRegistry } from "../state/mod.ts";
import { restartContext } from "./restart.ts";

const { signal } = new AbortController();
const FACTORY = "spark.jobserver.context.SessionContextFactory";

/** The command that restarts a Spark context with other settings. */
async function restart(settings: MessageInitShape<typeof ContextSettingsSchema>) {
  const before = { runtime: Runtime.SPARK, settings: { "context-factory": FACTORY, "num-cpu-cores": 2 } };
  const context = sampleContext(1, { name: "named", state: Context_State.RUNNING, settings: before });
  const sent: GatewayMessage["message"][] = [];
  const restarted: Context = { ...context, restarts: 1 };
  const deps = {
    contexts: {
      find: async () => context,
      changeSettings: async () => undefined,
      watch: () => ({ met: Promise.resolve(restarted), [Symbol.dispose]() {} }),
    },
    nodes: {
      session: () => ({
        ask(command: GatewayMessage["message"]) {
          sent.push(command);
          return { given: new Promise(() => {}), [Symbol.dispose]() {} };
        },
      }),
    },
  } as unknown as { readonly contexts: ContextRegistry; readonly nodes: NodeDirectory };
  const asked = create(ContextSettingsSchema, settings);
  await restartContext(deps, { context: "named", settings: asked, force: false, signal });
  return sent;
}

test("restartContext() keeps the runtime and the factory of a Spark context", async () => {
  expect(await restart({ settings: { "num-cpu-cores": 4 } })).toMatchObject([
    {
      $case: "restartContext",
      value: {
        settings: { runtime: 2, memoryBytes: 2 ** 30, settings: { "context-factory": FACTORY, "num-cpu-cores": 4 } },
      },
    },
  ]);
});

test("restartContext() refuses another runtime", async () => {
  await expect(restart({ runtime: Runtime.DENO })).rejects.toThrow(
    'Cannot restart context "named": it runs SPARK and keeps that; create another context for another runtime',
  );
});
