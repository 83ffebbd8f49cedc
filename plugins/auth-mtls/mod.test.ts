import { expect, test } from "vitest";
import { credentialsWith, describeAuth } from "../../test/contract/auth_suite.ts";
import type { ClientCertificate, Credentials } from "../contract/mod.ts";
import mtls from "./mod.ts";

const { signal } = new AbortController();
const FINGERPRINT = "ab".repeat(32);

async function start(...certificates: object[]) {
  const config = mtls.config.parse({ certificates });
  return mtls.start({ config, log: { info() {}, warn() {} }, signal });
}

function certified(certificate: Partial<ClientCertificate>): Credentials {
  const { subject = "O=Acme,CN=ci", alternativeNames = [], fingerprint = FINGERPRINT } = certificate;
  return { ...credentialsWith({}), certificate: { subject, alternativeNames, fingerprint } };
}

describeAuth("auth-mtls", async () => ({
  open: () => start({ subject: "O=Acme,CN=ci", roles: ["deployer"] }),
  good: { credentials: certified({}), principal: { id: "ci", roles: ["deployer"] } },
  bad: {},
  secrets: [],
  async [Symbol.asyncDispose]() {},
}));

test.each<[string, object, Partial<ClientCertificate>, string | undefined]>([
  ["a subject", { subject: "O=Acme,CN=*" }, { subject: "O=Acme,CN=bob" }, "bob"],
  ["a subject of another organisation", { subject: "O=Acme,CN=*" }, { subject: "O=Evil,CN=bob" }, undefined],
  ["a subject with more parts", { subject: "O=Acme,CN=*" }, { subject: "O=Acme,OU=x,CN=bob" }, undefined],
  ["a comma within a part", { subject: "O=Acme,CN=*" }, { subject: "O=Acme\\,CN=bob" }, undefined],
  [
    "an alternative name",
    { alternativeName: "URI:spiffe://acme/*" },
    { alternativeNames: ["DNS:a", "URI:spiffe://acme/ci"] },
    "spiffe://acme/ci",
  ],
  [
    "an alternative name further down",
    { alternativeName: "URI:spiffe://acme/*" },
    { alternativeNames: ["URI:spiffe://acme/ci/x"] },
    undefined,
  ],
  ["an alternative name of another type", { alternativeName: "DNS:ci" }, { alternativeNames: ["URI:ci"] }, undefined],
  [
    "a fingerprint",
    { fingerprint: FINGERPRINT.toUpperCase().replaceAll(/(..)(?=.)/g, "$1:"), id: "robot" },
    {},
    "robot",
  ],
  ["another fingerprint", { fingerprint: "00".repeat(32) }, {}, undefined],
  ["one condition of two", { subject: "O=Acme,CN=ci", alternativeName: "DNS:ci" }, {}, undefined],
])("a rule with %s", async (_what, rule, certificate, id) => {
  await using auth = await start({ ...rule, roles: ["r"] });
  const answer = await auth.authenticate(certified(certificate), { signal });
  expect(answer).toEqual(
    id === undefined ? { kind: "absent" } : { kind: "principal", principal: { id, roles: ["r"] } },
  );
});

test("the first matching rule decides", async () => {
  await using auth = await start(
    { subject: "O=Acme,CN=ci", roles: ["first"] },
    { subject: "O=Acme,CN=*", roles: ["second"] },
  );
  expect(await auth.authenticate(certified({}), { signal })).toMatchObject({ principal: { roles: ["first"] } });
});

test("a rule without conditions is refused", () => {
  expect(mtls.config.safeParse({ certificates: [{ roles: ["admin"] }] }).success).toBe(false);
});
