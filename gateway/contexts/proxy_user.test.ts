import { expect, test } from "vitest";
import { proxyUsersOf, withoutProxyUser } from "./proxy_user.ts";

test.each([
  { spark: { proxy: { user: "root" } } },
  { "spark.proxy.user": "root" },
  { "spark.proxy": { user: "root" } },
  { spark: { "proxy.user": ["root"] } },
  { "launcher.spark": { proxy: { user: "root" } } },
  { passthrough: { "spark.proxy.user": "root" } },
  { "spark.context-settings": { launcher: { spark: { proxy: { user: "root" } } } } },
])("proxyUsersOf() and withoutProxyUser() find the user in %j", (spelled) => {
  const settings = { ...spelled, "spark.cores.max": 4, env: { "spark.proxy.user": "kept" } };
  expect(proxyUsersOf(settings)).toEqual(["root"]);
  const rest = withoutProxyUser(settings);
  expect(proxyUsersOf(rest)).toEqual([]);
  expect(rest).toMatchObject({ "spark.cores.max": 4, env: { "spark.proxy.user": "kept" } });
});

test("withoutProxyUser() keeps settings without a proxy user", () => {
  const settings = { spark: { proxy: { host: "a" }, list: [{ proxy: { user: "b" } }] }, other: null };
  expect(proxyUsersOf(settings)).toEqual([]);
  expect(withoutProxyUser(settings)).toEqual(settings);
});
