import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../contract/temporary_directory.ts";
import { startHearth } from "../harness.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** An answer that is an error ends the shell, and so does a stream that does not end. */
const STRICT = `set -eux -o pipefail
curl() { command curl -sS --fail-with-body --max-time 30 "$@"; }`;

/** What the document says to a shell, but for lines that install or start Hearth itself. */
function shellLines(markdown: string): string {
  const blocks = Array.from(markdown.matchAll(/^```sh\n(.*?)^```$/gms), ([, block = ""]) => block);
  return blocks
    .join("")
    .split("\n")
    .filter((line) => !line.startsWith("npm "))
    .join("\n");
}

test.each(["README.md", "docs/jobs.md", "docs/contexts.md", "examples/jobs/README.md"])(
  "the lines for the shell in %s work as they stand",
  async (document) => {
    await using hearth = await startHearth();
    // What they write stays out of the repository.
    await using folder = await createTemporaryDirectory();
    for (const name of await readdir(ROOT)) await symlink(join(ROOT, name), join(folder.path, name));
    const lines = shellLines(await readFile(join(ROOT, document), "utf8"))
      .replaceAll("localhost:8090", new URL(hearth.url).host)
      .replaceAll("/tmp/", `${folder.path}/`);
    const shell = spawn("bash", ["-c", `${STRICT}\nexec 2>&1\n${lines}`], { cwd: folder.path, timeout: 90_000 });
    const [output, [code]] = await Promise.all([text(shell.stdout), once(shell, "exit")]);
    expect({ code, output }).toEqual({ code: 0, output: expect.any(String) });
  },
  120_000,
);
