import { expect, test } from "vitest";
import { matchRoute } from "./http/route.ts";
import { ROUTES } from "./routes.ts";

/** spark-jobserver's own table (doc/permissions.md), with Hearth's additions. */
const PERMISSIONS = {
  "binaries:read": ["GET /binaries/:app", "GET /binaries/**", "GET /jars/**"],
  "binaries:upload": ["POST /binaries/:app", "POST /jars/:app"],
  "binaries:delete": ["DELETE /binaries/:app"],
  "contexts:read": ["GET /contexts/:name", "GET /contexts/**"],
  "contexts:start": ["POST /contexts/:name", "POST /contexts/:name/restart"],
  "contexts:delete": ["DELETE /contexts/:name"],
  "contexts:reset": ["PUT /contexts/**"],
  "jobs:read": ["GET /jobs/:id/config", "GET /jobs/:id", "GET /jobs/**"],
  "jobs:delete": ["DELETE /jobs/:id"],
  "jobs:start": ["POST /jobs"],
  "data:read": ["GET /data/**"],
  "data:upload": ["POST /data/:name"],
  "data:delete": ["DELETE /data/:name"],
  "data:reset": ["PUT /data/**"],
  open: ["GET /healthz", "GET /metricz", "GET /metrics", "GET /", "GET /html/:file", "GET /statusz"],
};

test("ROUTES need the permissions that spark-jobserver's routes need", () => {
  const byPermission = Object.groupBy(ROUTES, ({ permission }) => permission ?? "open");
  const found = Object.entries(byPermission).map(([permission, routes = []]) => [
    permission,
    routes.map(({ method, path }) => `${method} ${path}`),
  ]);
  expect(Object.fromEntries(found)).toEqual(PERMISSIONS);
});

test.each([
  ["GET", ["jobs", "1"], "/jobs/:id"],
  ["GET", ["jobs", ""], "/jobs/**"],
  ["GET", ["jobs", "1", "config"], "/jobs/:id/config"],
  ["GET", ["jobs", "1", "other"], "/jobs/**"],
  ["PUT", ["contexts"], "/contexts/**"],
])("matchRoute() matches %s %j to the first fitting route", (method, segments, path) => {
  expect(matchRoute(ROUTES, method, segments)).toMatchObject({ route: { method, path } });
});

test.each([
  ["POST", ["jobs", "1"], []],
  ["PATCH", ["jobs"], ["GET", "DELETE", "POST"]],
  ["GET", ["other"], []],
])("matchRoute() returns the allowed methods for %s %j", (method, segments, allowed) => {
  expect(matchRoute(ROUTES, method, segments)).toEqual({ allowed });
});
