import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { startChild } from "../../standalone/mod.ts";
import { createTemporaryDirectory } from "../contract/temporary_directory.ts";
import { basicProof, bearerProof, type Proof } from "../credentials.ts";
import { startHearth } from "../harness.ts";
import { findPython } from "../python.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** An answer that is an error ends the shell, and so does a stream that does not end. */
const STRICT = `set -eux -o pipefail
curl() { command curl -sS --fail-with-body --max-time 30 "$@"; }`;

/**
 * Lines that are not run: those that install, start or test Hearth itself, those that make an environment for Python, which tests have already,
 * and those of tools that are not everywhere.
 */
const NOT_RUN = /^(npm|python3 -m venv|\.hearth\/python\/bin\/pip|grpcurl|nats) /;

/** Folders of a machine that pages speak of. */
const FOLDERS = /\/(tmp|run|etc\/hearth|var\/lib\/hearth)\//g;

/** A page in a folder where its lines can be run. */
interface Page extends AsyncDisposable {
  readonly folder: string;
  /** What the page says to a shell. */
  readonly lines: readonly string[];
  /** Its blocks in a language; paths are below the folder. */
  blocks(language: string): string[];
}

/** What its lines write stays out of the repository. */
async function openPage(document: string): Promise<Page> {
  const directory = await createTemporaryDirectory();
  const { path: folder } = directory;
  for (const name of await readdir(ROOT)) await symlink(join(ROOT, name), join(folder, name));
  const markdown = await readFile(join(ROOT, document), "utf8");
  const blocks = (language: string): string[] =>
    Array.from(markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms))
      .filter(([, name]) => name === language)
      .map(([, , block = ""]) => block.replaceAll(FOLDERS, `${folder}/`));
  const lines = blocks("sh")
    .flatMap((block) => block.split("\n"))
    .filter((line) => !NOT_RUN.test(line));
  return { folder, lines, blocks, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

/** Runs lines beside a Hearth at the URL; answers what they print. */
async function runLines(page: Page, lines: readonly string[], url: string): Promise<string> {
  const script = lines.join("\n").replaceAll(/(localhost|127\.0\.0\.1):8090/g, new URL(url).host);
  const shell = spawn("bash", ["-c", `${STRICT}\nexec 2>&1\n${script}`], { cwd: page.folder, timeout: 90_000 });
  const [output, [code]] = await Promise.all([text(shell.stdout), once(shell, "exit")]);
  expect({ code, output }).toEqual({ code: 0, output: expect.any(String) });
  return output;
}

test.each(["README.md", "docs/jobs.md", "docs/contexts.md", "examples/jobs/README.md"])(
  "the lines for the shell in %s work as they stand",
  async (document) => {
    await using hearth = await startHearth();
    await using page = await openPage(document);
    await runLines(page, page.lines, hearth.url);
  },
);

test("the job, the lines and the answer in docs/migrating-from-spark-jobserver.md fit together", async () => {
  await using hearth = await startHearth();
  await using page = await openPage("docs/migrating-from-spark-jobserver.md");
  await writeFile(join(page.folder, "word_count.ts"), page.blocks("ts")[0] ?? "");
  const output = await runLines(page, page.lines, hearth.url);
  const [, result] = /("result":.*)$/m.exec(page.blocks("json")[0] ?? "") ?? [];
  expect(output).toContain(result);
});

/** A page that tells how to configure Hearth, too. What it has before the first call to Hearth is run before Hearth starts. */
interface ConfiguredPage {
  readonly document: string;
  /** Stands in the configuration alone. */
  readonly block: string;
  /** Of somebody who may see what nodes there are. */
  readonly proof?: Proof;
  /** What a Python for it needs. */
  readonly requirements?: string;
}

const CONFIGURED: readonly ConfiguredPage[] = [
  { document: "docs/security.md", block: "hearth:auth-api-key", proof: basicProof("alice", "correct horse") },
  { document: "docs/plugins.md", block: "hearth-record.sock" },
  {
    document: "examples/plugins/auth-python/README.md",
    block: "hearth-auth.sock",
    proof: bearerProof("let-me-in"),
    requirements: "examples/plugins/auth-python/requirements.txt",
  },
  {
    document: "examples/plugins/blobs-python/README.md",
    block: "hearth-blobs.sock",
    requirements: "examples/plugins/blobs-python/requirements.txt",
  },
];

test.for(CONFIGURED)(
  "the lines for the shell in $document work with its configuration",
  async (configured, { skip }) => {
    const { document, block, proof, requirements } = configured;
    const { python, missing } = requirements ? findPython(join(ROOT, requirements)) : { python: "python3" };
    skip(missing !== undefined, missing);
    await using page = await openPage(document);
    const config = page.blocks("json").find((each) => each.includes(block)) ?? "";
    const called = page.lines.findIndex((line) => line.includes(":8090"));
    const before = called === -1 ? page.lines : page.lines.slice(0, called);
    await using _prepared = await startChild({
      name: document,
      command: "bash",
      args: ["-c", preparation(page, before).replaceAll(".hearth/python/bin/python", python)],
      readyWhen: (line) => line === "prepared" || undefined,
    });
    await using hearth = await startHearth({ config: JSON.parse(config), headers: proof });
    if (called !== -1) await runLines(page, [`. ${page.folder}/variables`, ...page.lines.slice(called)], hearth.url);
  },
);

/** Runs lines, those that serve a socket in the background until it ends, and keeps the variables that they set. */
function preparation({ folder }: Page, lines: readonly string[]): string {
  const run = lines.map((line) => {
    const [, socket] = /\bunix:(\S+)$/.exec(line) ?? [];
    return socket === undefined ? line : `${line} & until [ -S ${socket} ]; do kill -0 $!; sleep 0.05; done`;
  });
  const end = [`export -p > ${folder}/variables`, "trap 'kill $(jobs -p); exit' TERM", "echo prepared", "wait"];
  return [STRICT, `cd ${folder}`, "set -a", ...run, ...end].join("\n");
}
