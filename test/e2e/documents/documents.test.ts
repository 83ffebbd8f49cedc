import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { startChild } from "../../../standalone/mod.ts";
import { basicProof, bearerProof, type Proof } from "../../auth/credentials.ts";
import { findPython } from "../../plugins/python.ts";
import { openPage, type Page, runLines, strictShell } from "../../system/documents.ts";
import { startHearth } from "../../system/hearth.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

test.each(["README.md", "docs/jobs.md", "docs/contexts.md", "examples/jobs/README.md"])(
  "the lines for the shell in %s work as they stand",
  async (document) => {
    await using hearth = await startHearth();
    await using page = await openPage(document);
    await runLines(page, page.lines, hearth);
  },
);

test("the job, the lines and the answer in docs/migrating-from-spark-jobserver.md fit together", async () => {
  await using hearth = await startHearth();
  await using page = await openPage("docs/migrating-from-spark-jobserver.md");
  await writeFile(join(page.folder, "word_count.ts"), page.blocks("ts")[0] ?? "");
  const output = await runLines(page, page.lines, hearth);
  const [, result] =
    /("result":.*)$/m.exec(page.blocks("json").findLast((block) => block.includes("jobId")) ?? "") ?? [];
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
    if (called !== -1) await runLines(page, [`. ${page.folder}/variables`, ...page.lines.slice(called)], hearth);
  },
);

/** Runs lines, those that serve a socket in the background until it ends, and keeps the variables that they set. */
function preparation({ folder }: Page, lines: readonly string[]): string {
  const run = lines.map((line) => {
    const [, socket] = /\bunix:(\S+)$/.exec(line) ?? [];
    return socket === undefined ? line : `${line} & until [ -S ${socket} ]; do kill -0 $!; sleep 0.05; done`;
  });
  const end = [`export -p > ${folder}/variables`, "trap 'kill $(jobs -p); exit' TERM", "echo prepared", "wait"];
  return [strictShell(), `cd ${folder}`, "set -a", ...run, ...end].join("\n");
}
