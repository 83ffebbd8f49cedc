import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { startHttpReceiver } from "../../http/receiver.ts";
import { createRest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { send } from "./client.ts";
import { packExamples } from "./programs.ts";

const LIMIT_BYTES = 200_000;

let hearth: Hearth;
let directory: Awaited<ReturnType<typeof createTemporaryDirectory>>;
let folder: string;

beforeAll(async () => {
  directory = await createTemporaryDirectory();
  folder = join(directory.path, "programs");
  await mkdir(folder);
  await writeFile(join(folder, "greet.ts"), "export const Greet = () => 'from a file';");
  await writeFile(join(directory.path, "outside.ts"), "export const Greet = () => 'from outside';");
  await symlink(join(directory.path, "outside.ts"), join(folder, "link.ts"));
  const programs = { folders: [folder], allow: ["127.0.0.1"] };
  const limits = { uploadBytes: LIMIT_BYTES };
  hearth = await startHearth({ config: { gateway: { limits, spark: { programs } } } });
  await createRest(hearth.url).upload("other", "export const Other = () => 'uploaded';");
});

afterAll(async () => {
  await hearth?.[Symbol.asyncDispose]();
  await directory?.[Symbol.asyncDispose]();
});

test("a program is fetched from a URL, kept under a name of its own, and fetched again for the next job", async () => {
  await using source = await startHttpReceiver((response, before) =>
    response.end(`export const Greet = () => ${before < 2 ? 1 : 2};`),
  );
  const uri = `${source.url}/lib/greet.ts?v=1`;
  const answers = [await run({ cp: uri }), await run({ cp: uri }), await run({ cp: uri })];
  expect(answers).toMatchObject([{ result: 1 }, { result: 1 }, { result: 2 }]);
  const { text } = await send(hearth.url, { method: "GET", target: "/v1/jobs?page_size=3" });
  const jobs: { binary: string; binaryVersion: number; binaryDigest: string }[] = JSON.parse(text).jobs;
  expect(jobs).toEqual(
    [2, 1, 1].map((binaryVersion) =>
      expect.objectContaining({
        ...{ binary: expect.stringMatching(/^greet\.ts~[0-9a-f]{16}$/), binaryVersion },
        binaryDigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      }),
    ),
  );
});

test("a tarball is fetched as a file is", async () => {
  await using source = await startHttpReceiver((response) => response.end(packExamples()));
  expect(await run({ cp: `${source.url}/examples.tgz` }, "spark.jobserver.NoOpJob")).toMatchObject({ result: 1 });
});

test("a URI is not followed for a class that an uploaded binary has", async () => {
  await using source = await startHttpReceiver();
  expect(await run({ cp: `${source.url}/a.jar,other` }, "Other")).toMatchObject({ result: "uploaded" });
  expect(source.received).toEqual([]);
});

test.each(["file", "local"])("%s: reads below the folders of the configuration", async (scheme) => {
  expect(await run({ cp: `${scheme}:${folder}/greet.ts` })).toMatchObject({ result: "from a file" });
});

test.each([
  ["outside.ts", "below none of the folders"],
  ["programs/../outside.ts", "below none of the folders"],
  ["programs/link.ts", "below none of the folders"],
  ["programs/%2e%2e/outside.ts", "below none of the folders"],
  ["programs", "below none of the folders"],
  ["programs-and-more/a.ts", "below none of the folders"],
  ["programs/none.ts", "there is no such file"],
  ["programs/a%00b.ts", "there is no such file"],
])("file: reads no %s", async (path, why) => {
  const { status, result } = await run({ cp: `file://${directory.path}/${path}` });
  expect({ status, why: result.message }).toEqual({ status: "JOB LOADING FAILED", why: expect.stringContaining(why) });
});

test("what is fetched has to be a program that bundles, and no larger than an upload", async () => {
  const contents: (string | Buffer)[] = [
    Buffer.of(0x50, 0x4b, 3, 4, 0, 255),
    "export const = 1",
    "",
    " ".repeat(LIMIT_BYTES + 1),
  ];
  await using source = await startHttpReceiver((response, before) => response.end(contents[before]));
  const whys: string[] = [];
  for (const _ of contents) whys.push((await run({ cp: `${source.url}/greet.ts` })).result.message);
  expect(whys).toEqual([
    expect.stringContaining("it is neither a source file nor a gzip tarball"),
    expect.stringMatching(/^Cannot bundle binary "greet\.ts~[0-9a-f]{16}": main\.ts:1:14: /),
    expect.stringContaining("it is neither a source file nor a gzip tarball"),
    expect.stringContaining(`it has more than ${LIMIT_BYTES} bytes`),
  ]);
});

test("the class path of a context is looked through after the job's own", async () => {
  await using source = await startHttpReceiver((response) =>
    response.end("export const Greet = () => 'of the context';"),
  );
  const uri = `${source.url}/greet.ts`;
  const target = `/contexts/equipped?dependent-jar-uris=${encodeURIComponent(uri)}`;
  await send(hearth.url, { method: "POST", target });
  const own = `spark.context-settings.dependent-jar-uris = ["${uri}"]`;
  expect([
    await run({ appName: "other", classPath: "Greet", context: "equipped" }, "Greet"),
    await run({ appName: "other", classPath: "Greet" }, "Greet", own),
  ]).toMatchObject([{ result: "of the context" }, { result: "of the context" }]);
});

/** Runs a job and answers what its caller is answered. */
async function run(query: Readonly<Record<string, string>>, mainClass = "Greet", body = "") {
  const parameters = new URLSearchParams({ mainClass, sync: "true", timeout: "30", ...query });
  const { text } = await send(hearth.url, { method: "POST", target: `/jobs?${parameters}`, body });
  return JSON.parse(text);
}
