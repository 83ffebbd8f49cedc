import { spawnSync } from "node:child_process";
import { copyFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "./temporary_directory.ts";

const ROOT = resolve(import.meta.dirname, "../..");

const PACKAGE = { name: "hearth-blobs-mine", type: "module", private: true };

const TSCONFIG = {
  compilerOptions: {
    target: "es2025",
    lib: ["esnext"],
    module: "nodenext",
    types: ["node"],
    noEmit: true,
    strict: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
  },
};

/** The plugin of `mod.ts`, served by one name and opened by another, as a gateway opens it. */
const OUT_OF_PROCESS = `
import { describeBlobs } from "hearth/conformance";
import { startPlugin } from "hearth/plugin-host";
import { JobSchema } from "hearth/proto";
import { startPluginServer } from "hearth/remote-server";
import { pino } from "pino";
import { expect, test } from "vitest";
import mine, { createBlobStore } from "./mod.ts";

const log = pino({ enabled: false });
const { signal } = new AbortController();

describeBlobs("blobs-mine out of process", async () => {
  const blobs: Parameters<typeof createBlobStore>[0] = new Map();
  const start: typeof mine.start = async ({ config }) => createBlobStore(blobs, config);
  const served = await startPluginServer({ ...mine, start }, { listen: "127.0.0.1:0", log: { info() {}, warn() {} } });
  return {
    open: () => startPlugin("blobs", { plugin: served.address, config: {} }, { log, signal, baseDir: "." }),
    async damage(digest) {
      blobs.get(digest)?.bytes.set([1, 2, 3], 1000);
    },
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
});

test("the messages of the API have their names", () => expect(JobSchema.typeName).toBe("hearth.v1.Job"));
`;

/** A package in another directory that depends on this one by `file:`, which npm links. */
async function createPackage() {
  const directory = await createTemporaryDirectory();
  const installed = join(directory.path, "node_modules");
  await mkdir(installed);
  await symlink(ROOT, join(installed, "hearth"));
  for (const name of ["vitest", "zod", "pino", "@types"]) {
    await symlink(join(ROOT, "node_modules", name), join(installed, name));
  }
  const write = (name: string, content: string) => writeFile(join(directory.path, name), content);
  await write("package.json", JSON.stringify(PACKAGE));
  await write("tsconfig.json", JSON.stringify(TSCONFIG));
  await write("remote.test.ts", OUT_OF_PROCESS);
  for (const name of ["mod.ts", "mod.test.ts"]) {
    await copyFile(join(ROOT, "examples/plugins/blobs-memory", name), join(directory.path, name));
  }
  return directory;
}

test("a package outside this repository runs the suites on its plugin, in process and out of it, by the exported names", async () => {
  await using author = await createPackage();
  const { PATH, HOME } = process.env;
  const run = (program: string, args: string[]) =>
    spawnSync(process.execPath, [join(ROOT, "node_modules", program), ...args], {
      cwd: author.path,
      env: { PATH, HOME },
      encoding: "utf8",
    });

  const tested = run("vitest/vitest.mjs", [
    "run",
    "--testTimeout=60000",
    "--reporter=json",
    "--outputFile=report.json",
  ]);
  const checked = run("typescript/bin/tsc", ["-p", "."]);

  expect(tested.status, tested.stdout + tested.stderr).toBe(0);
  const report = JSON.parse(await readFile(join(author.path, "report.json"), "utf8"));
  expect(report).toMatchObject({ success: true, numFailedTests: 0, numTotalTestSuites: 4 });
  expect(report.numPassedTests).toBeGreaterThan(50);
  expect({ status: checked.status, output: checked.stdout }).toEqual({ status: 0, output: "" });
});
