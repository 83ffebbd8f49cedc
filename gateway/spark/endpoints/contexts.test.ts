import { expect, test } from "vitest";
import { Context_State } from "../../../proto/mod.ts";
import { sampleContext, sampleId } from "../../../test/contract/samples.ts";
import type { SparkDeps } from "../deps.ts";
import type { SparkRequest } from "../http/request.ts";
import { getContext } from "./contexts.ts";

const TIME = "2025-11-13T02:13:20.001Z";

test.each([
  [
    { applicationId: "app-1", uiUrl: "http://spark:4040" },
    `{"name":"named","startTime":"${TIME}","state":"RUNNING","url":"http://spark:4040","applicationId":"app-1","endTime":"Empty","id":"${sampleId(1)}"}`,
  ],
  [
    { applicationId: "app-1" },
    `{"name":"named","startTime":"${TIME}","state":"RUNNING","applicationId":"app-1","endTime":"Empty","id":"${sampleId(1)}"}`,
  ],
  [{}, `{"name":"named","startTime":"${TIME}","state":"RUNNING","endTime":"Empty","id":"${sampleId(1)}"}`],
])("getContext() shows what Spark calls a context of %j, in spark-jobserver's order", async (spark, expected) => {
  const context = sampleContext(1, { name: "named", state: Context_State.RUNNING, ...spark });
  const deps = { core: { contexts: { find: async () => context } } } as unknown as SparkDeps;
  const request = { path: { name: "named" }, owner: undefined } as unknown as SparkRequest;
  expect((await getContext(deps, request)).body).toBe(expected);
});
