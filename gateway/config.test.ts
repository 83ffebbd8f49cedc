import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../test/contract/temporary_directory.ts";
import { type GatewayConfig, parseConfig } from "./config.ts";

/** What a configuration file with that `gateway` section comes to. */
async function parse(gateway: object, ...flags: string[]): Promise<GatewayConfig> {
  await using directory = await createTemporaryDirectory();
  const file = join(directory.path, "config.json");
  await writeFile(file, JSON.stringify({ gateway }));
  return parseConfig(["--config", file, ...flags], {});
}

const auth = [{ plugin: "hearth:auth-basic", config: { file: "users" } }];
const roles = { admin: { permissions: ["*"] } };

test("without auth plugins everybody may do everything, on loopback", async () => {
  expect(await parse({})).toMatchObject({ access: undefined, isExposed: false });
  for (const listen of ["127.0.0.1:0", "127.1.2.3:0", "[::1]:0", "localhost:0"]) {
    expect(await parse({ listen })).toMatchObject({ access: undefined });
  }
});

test.each(["0.0.0.0:0", "[::]:0", "10.0.0.1:80", "example.com:80", "127.0.0.1.example.com:80"])(
  "without auth plugins %s is not listened on, unless somebody says --insecure",
  async (listen) => {
    await expect(parse({ listen })).rejects.toThrow("without an auth plugin anybody who reaches it could run code");
    expect(await parse({ listen }, "--insecure")).toMatchObject({ access: undefined, isExposed: false });
  },
);

test("with auth plugins any address is listened on", async () => {
  const { access, isExposed } = await parse({ listen: "0.0.0.0:0", auth, roles });
  expect(isExposed).toBe(true);
  expect(access).toMatchObject({
    auth: [
      { name: "auth-basic", plugin: expect.stringMatching(/plugins\/auth-basic\/mod\.ts$/), config: { file: "users" } },
    ],
    requestsPerSecond: undefined,
    audit: { reads: false, keepDays: 90 },
    openReflection: false,
  });
  expect([...(access?.roles ?? [])]).toEqual([["admin", { permissions: ["*"] }]]);
});

test("plugins of others keep the name that they are configured by", async () => {
  const { access } = await parse({ auth: [{ plugin: "./mine.ts" }, { plugin: "hearth-auth-ldap" }], roles });
  expect(access?.auth).toEqual([
    { plugin: "./mine.ts", config: {}, name: "./mine.ts" },
    { plugin: "hearth-auth-ldap", config: {}, name: "hearth-auth-ldap" },
  ]);
});

test.each<[string, object, string]>([
  ["auth without roles", { auth }, "auth without roles would allow nobody anything"],
  ["roles without auth", { roles }, "roles without auth would hold nobody to them"],
  ["a permission that is none", { auth, roles: { a: { permissions: ["jobs:st*"] } } }, "must be *, RESOURCE"],
  ["a key that is not known", { auth, roles: { a: { permissions: [], context: ["x"] } } }, "context"],
  ["an empty list of patterns", { auth, roles: { a: { permissions: ["*"], contexts: [] } } }, "contexts"],
  ["a rate of nothing", { auth, roles, limits: { requestsPerSecond: 0 } }, "requestsPerSecond"],
])("%s is a fault", async (_what, gateway, message) => {
  await expect(parse(gateway)).rejects.toThrow(message);
});

test.each([undefined, "*", [], ["https://page.example", "http://localhost:3000"]])(
  "allowedOrigins may be %j",
  async (allowedOrigins) => {
    expect((await parse({ allowedOrigins })).allowedOrigins).toEqual(allowedOrigins);
  },
);

test.each(["https://page.example", ["https://page.example/"], ["page.example"], ["*"], ["null"]])(
  "allowedOrigins may not be %j",
  async (allowedOrigins) => {
    await expect(parse({ allowedOrigins })).rejects.toThrow("allowedOrigins");
  },
);
