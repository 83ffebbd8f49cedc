import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ContextSettingsSchema, Runtime } from "../../proto/mod.ts";
import { completeSettings } from "./settings.ts";
import { shownSettings } from "./shown.ts";

const shown = (settings: JsonValue) =>
  shownSettings(completeSettings(fromJson(ContextSettingsSchema, settings), Runtime.DENO));

test.for<[string, JsonValue, object]>([
  ["nothing", {}, {}],
  ["free settings", { settings: { color: "red" } }, { color: "red" }],
  [
    "settings of /v1 as JSON names them",
    {
      cpu_cores: 2,
      memoryBytes: "268435456",
      maxQueuedJobs: 0,
      idleTimeout: "60s",
      nodeLabels: { zone: "a" },
      settings: { a: 1 },
    },
    { cpuCores: 2, memoryBytes: "268435456", maxQueuedJobs: 0, idleTimeout: "60s", nodeLabels: { zone: "a" }, a: 1 },
  ],
  ["a quarter of other memory, which is no setting", { memoryBytes: "1073741824" }, { memoryBytes: "1073741824" }],
  ["permissions", { permissions: { net: ["a:1"] } }, { permissions: { net: ["a:1"] } }],
  ["no environment", { env: { TOKEN: "secret:token" } }, {}],
  [
    "spark-jobserver's names only, where these were used",
    { cpuCores: 4, memoryBytes: "268435456", settings: { spark: { cores: { max: "4" } }, "mem-per-node": "256m" } },
    { spark: { cores: { max: "4" } }, "mem-per-node": "256m" },
  ],
  [
    "a free setting in the place of one of that name",
    { cpuCores: 4, settings: { cpuCores: "mine" } },
    { cpuCores: "mine" },
  ],
])("shownSettings() shows %s", ([, settings, expected]) => {
  expect(shown(settings)).toEqual(expected);
});

test("shownSettings() leaves the settings as they are", () => {
  const settings = completeSettings(create(ContextSettingsSchema, { cpuCores: 2, settings: { a: 1 } }), Runtime.DENO);
  shownSettings(settings);
  expect(settings.settings).toEqual({ a: 1 });
});
