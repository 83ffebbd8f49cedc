import { create, type DescMethod, type DescService, fromJson, getOption } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import * as proto from "../../../proto/mod.ts";
import { ROUTES } from "../../spark/mod.ts";
import { createGrantReader } from "./grants.ts";
import { createNameReader } from "./resource_names.ts";

/** Health, and the page, which requires the permissions for what it shows. */
const OPEN_ROUTES = ["/healthz", "/metricz", "/metrics", "/", "/html/:file", "/statusz"].map((path) => `GET ${path}`);

/** The permissions of spark-jobserver, and those that Hearth adds. */
const PERMISSIONS = [
  ...["binaries:read", "binaries:upload", "binaries:delete"],
  ...["contexts:read", "contexts:start", "contexts:delete", "contexts:reset", "contexts:grant"],
  ...["data:read", "data:upload", "data:delete", "data:reset"],
  ...["jobs:read", "jobs:start", "jobs:delete"],
  ...["nodes:read", "audit:read"],
];

/** Lists of all objects of a kind, which omit what their caller may not see; and methods that name no object. */
const NAMELESS = ["ListJobs", "ListContexts", "ListBinaries", "ListFiles", "ListNodes", "ListAuditEntries"];

const services = Object.values<unknown>(proto).filter(isService);
const methods: readonly DescMethod[] = services
  .filter(({ typeName }) => typeName.startsWith("hearth."))
  .flatMap((service) => service.methods);

test("every method of every service declares a permission that is known", () => {
  expect(methods.length).toBeGreaterThan(20);
  const wrong = methods.filter((method) => !PERMISSIONS.includes(getOption(method, proto.permission)));
  expect(wrong.map(String)).toEqual([]);
});

test("every method but the lists says in its request which object it is about", () => {
  const nameless = methods.filter(({ input }) => Object.keys(createNameReader(input)(create(input))).length === 0);
  expect(nameless.map(({ name }) => name).sort()).toEqual([...NAMELESS].sort());
});

test("a submission names every binary of its class path", () => {
  const { submitJob } = proto.JobService.method;
  const json = { job: { binary: "words@2", context: "c", classPath: ["lib-a", "lib-b@1"] } };
  expect(createNameReader(submitJob.input)(fromJson(submitJob.input, json))).toEqual({
    binary: "words@2",
    context: "c",
    classPath: ["lib-a", "lib-b@1"],
  });
});

test("whatever grants jobs something needs a permission of its own, in every request that has it", () => {
  const granting = methods.filter(({ input }) => {
    const read = createGrantReader(input);
    const settings = { permissions: { net: ["a"], secrets: ["b"] }, settings: { "spark.proxy.user": "c" } };
    const request = fromJson(input, { settings, job: { contextSettings: settings } }, { ignoreUnknownFields: true });
    return read(request).length === 3 && read(request).every(({ permission }) => permission === "contexts:grant");
  });
  expect(granting.map(({ name }) => name).sort()).toEqual(["CreateContext", "RestartContext", "RunJob", "SubmitJob"]);
  const ungranted = proto.PermissionsSchema.fields.filter((field) => getOption(field, proto.grants) === "");
  expect(ungranted.map(String)).toEqual([]);
});

test("every route of spark-jobserver's face declares a permission that is known, or is open on purpose", () => {
  const routes = ROUTES.map(({ method, path, permission }) => ({ route: `${method} ${path}`, permission }));
  expect(routes.filter(({ permission }) => permission === undefined).map(({ route }) => route)).toEqual(OPEN_ROUTES);
  const unknown = routes.filter(({ permission }) => permission !== undefined && !PERMISSIONS.includes(permission));
  expect(unknown).toEqual([]);
});

test("every route of spark-jobserver's face that changes something or has an object in its path names it", () => {
  const nameless = ROUTES.filter(
    ({ method, path, permission, named }) =>
      permission !== undefined && named === undefined && (method !== "GET" || path.includes("/:")),
  );
  expect(nameless.map(({ method, path }) => `${method} ${path}`)).toEqual(["PUT /data/**"]);
});

function isService(value: unknown): value is DescService {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "service";
}
