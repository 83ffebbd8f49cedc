import { expect, test } from "vitest";
import { accessOf, matchesPermission, type Role } from "./roles.ts";

function access(
  roles: Record<string, Role>,
  principal: { roles: string[]; permissions?: string[] },
  permission: string,
) {
  return accessOf(new Map(Object.entries(roles)), { id: "alice", ...principal }, permission);
}

test.each([
  ["*", "jobs:start", true],
  ["jobs:*", "jobs:start", true],
  ["jobs", "jobs:start", true],
  ["jobs:start", "jobs:start", true],
  ["jobs:start", "jobs:read", false],
  ["job", "jobs:start", false],
  ["jobs:", "jobs:start", false],
  ["jobs:s*", "jobs:start", false],
  ["*:start", "jobs:start", false],
  ["contexts:*", "jobs:start", false],
  ["", "jobs:start", false],
  ["*", "contexts:grant", true],
  ["contexts:grant", "contexts:grant", true],
  ["contexts:*", "contexts:grant", false],
  ["contexts", "contexts:grant", false],
])("the pattern %j matches %s: %s", (pattern, permission, expected) => {
  expect(matchesPermission(pattern, permission)).toBe(expected);
});

test("nothing is permitted without a role", () => {
  const roles = { viewer: { permissions: ["jobs:read"] } };
  expect(access(roles, { roles: [] }, "jobs:read")).toBeUndefined();
  expect(access(roles, { roles: ["admin"] }, "jobs:read")).toBeUndefined();
  expect(access(roles, { roles: ["viewer"] }, "jobs:start")).toBeUndefined();
  expect(access(roles, { roles: ["constructor", "__proto__"] }, "jobs:read")).toBeUndefined();
  expect(access(roles, { roles: ["viewer"] }, "jobs:read")).toMatchObject({ isUnlimited: true });
});

test("a principal's own permissions restrict its roles and add nothing", () => {
  const roles = { viewer: { permissions: ["jobs:read"] }, admin: { permissions: ["*"] } };
  expect(access(roles, { roles: ["admin"], permissions: ["jobs"] }, "jobs:start")).toBeDefined();
  expect(access(roles, { roles: ["admin"], permissions: ["jobs"] }, "contexts:start")).toBeUndefined();
  expect(access(roles, { roles: ["viewer"], permissions: ["*"] }, "jobs:start")).toBeUndefined();
  expect(access(roles, { roles: ["admin"], permissions: [] }, "jobs:read")).toBeUndefined();
});

test("limits apply to the permissions of their own role only", () => {
  const roles = {
    team: { permissions: ["jobs:*"], contexts: ["team-a-*"], binaries: ["words"] },
    other: { permissions: ["jobs:read"], contexts: ["shared"] },
  };
  const start = access(roles, { roles: ["team", "other"] }, "jobs:start");
  const read = access(roles, { roles: ["team", "other"] }, "jobs:read");
  expect(start?.covers({ context: "team-a-1", binary: "words" })).toBe(true);
  expect(start?.covers({ context: "shared", binary: "words" })).toBe(false);
  expect(start?.covers({ context: "team-a-1", binary: "pi" })).toBe(false);
  expect(read?.covers({ context: "shared", binary: "pi" })).toBe(true);
  expect(read?.covers({ context: "", binary: "words" })).toBe(false);
});

test("one role must cover all binaries of a class path; a query has none", () => {
  const roles = {
    team: { permissions: ["jobs:*"], binaries: ["words", "lib-*"] },
    other: { permissions: ["jobs:*"], binaries: ["pi"] },
    any: { permissions: ["jobs:read"], binaries: ["*"] },
  };
  const start = access(roles, { roles: ["team", "other", "any"] }, "jobs:start");
  expect(start?.covers({ binary: "words", classPath: ["lib-a@3", "lib-b@sha256:00"] })).toBe(true);
  expect(start?.covers({ binary: "words", classPath: ["lib-a", "pi"] })).toBe(false);
  expect(start?.covers({ binary: "" })).toBe(false);
  expect(access(roles, { roles: ["any"] }, "jobs:read")?.covers({ binary: "" })).toBe(true);
});

test("one role without limits grants access to everything", () => {
  const roles = { team: { permissions: ["jobs"], contexts: ["a"] }, all: { permissions: ["jobs:read"] } };
  expect(access(roles, { roles: ["team", "all"] }, "jobs:read")?.isUnlimited).toBe(true);
  expect(access(roles, { roles: ["team", "all"] }, "jobs:start")?.isUnlimited).toBe(false);
});
