import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parseConfig as parseNodeConfig } from "../../context-node/config.ts";
import { parseConfig as parseGatewayConfig } from "../../gateway/config.ts";
import { createAuthority } from "../../test/auth/certificates.ts";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { printPage } from "./page.ts";
import { EXAMPLES, readSources } from "./sources.ts";
import { printType } from "./types.ts";

/** Where the examples have what operators put beside the configuration. */
const FOLDER = "/etc/hearth";

/** An example in a file of a folder that has all that it names. */
async function prepare(file: string) {
  await using preparing = new AsyncDisposableStack();
  const { path } = preparing.use(await createTemporaryDirectory());
  const text = await readFile(resolve(import.meta.dirname, "../../examples/configuration", file), "utf8");
  const authority = await createAuthority(path, "authority");
  const { cert, key } = await authority.issue("issued", { name: "machine" });
  const contents = { crt: await readFile(cert), key: await readFile(key) };
  for (const [, name, extension] of text.matchAll(/"\/etc\/hearth\/([\w-]+\.?(\w*))"/g)) {
    const content = extension === "crt" || extension === "key" ? contents[extension] : "correct horse battery staple";
    await writeFile(join(path, name ?? ""), content);
  }
  const config = join(path, "hearth.json");
  await writeFile(config, text.replaceAll(FOLDER, path));
  const prepared = preparing.move();
  return { config, [Symbol.asyncDispose]: () => prepared.disposeAsync() };
}

test.each(EXAMPLES)("the example of $title is a configuration that gateways and nodes take", async ({ file }) => {
  await using example = await prepare(file);
  const args = ["--config", example.config];
  expect(await parseGatewayConfig(args, {})).toMatchObject({ isExposed: true, tls: { cert: expect.any(String) } });
  expect(parseNodeConfig(args, {})).toMatchObject({ spares: 2 });
});

test("the page has a row for each key, which its flags link to", async () => {
  const page = await readSources();
  const text = printPage(page);
  const groups = [...page.sections, ...page.plugins.flatMap((plugin) => plugin.groups)];
  for (const { path } of groups.flatMap((group) => group.keys)) expect(text).toContain(`</a>\`${path}\` |`);
  const linked = [...text.matchAll(/\]\(#(\w+\.[\w.]+)\)/g)].map(([, anchor]) => anchor);
  expect(linked).toContain("gateway.listen");
  for (const anchor of linked) expect(text).toContain(`<a id="${anchor}"></a>`);
});

test("every key of the page says what it means", async () => {
  const { sections, plugins } = await readSources();
  const keys = [
    ...sections,
    ...plugins.flatMap(({ name, groups }) => groups.map((group) => ({ ...group, path: name }))),
  ];
  const silent = keys.flatMap((group) =>
    group.keys.filter(({ meaning }) => meaning === "").map((key) => `${group.path}: ${key.path}`),
  );
  expect(silent).toEqual([]);
});

test.each([
  [{ type: "string" }, "text"],
  [{ type: "string", minLength: 16 }, "text of at least 16 characters"],
  [{ type: "string", rules: ["must be host:port"] }, "host:port"],
  [{ type: "integer", minimum: 1, maximum: 65_535 }, "whole number, 1 to 65535"],
  [{ type: "integer", exclusiveMinimum: 0, maximum: Number.MAX_SAFE_INTEGER }, "whole number from 1"],
  [{ type: "number", exclusiveMinimum: 0 }, "number above 0"],
  [
    { anyOf: [{ const: "*" }, { type: "array", items: { type: "string" }, minItems: 1 }] },
    '`"*"` or list of texts, not empty',
  ],
  [
    { type: "object", additionalProperties: { type: "array", items: { type: "string" } } },
    "object of lists of texts by name",
  ],
  [{}, "JSON"],
])("%j is printed as %s", (schema, type) => {
  expect(printType(schema)).toBe(type);
});
