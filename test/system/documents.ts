import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "vitest";
import { createTemporaryDirectory } from "../contract/temporary_directory.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** Longest time of a call, in seconds; a shell may take three times that. */
const CALL_SECONDS = 30;

/** An answer that is an error ends the shell, and so does a stream that does not end. */
export function strictShell(callSeconds = CALL_SECONDS): string {
  return `set -eux -o pipefail
curl() { command curl -sS --fail-with-body --max-time ${callSeconds} "$@"; }`;
}

/**
 * Lines that are not run: those that install, start or test Hearth itself, those that make an environment for Python, which tests have already,
 * and those of tools that are not everywhere.
 */
const NOT_RUN = /^(npm|python3 -m venv|\.hearth\/python\/bin\/pip|grpcurl|nats) /;

/** Folders of a machine that pages speak of. */
const FOLDERS = /\/(tmp|run|etc\/hearth|var\/lib\/hearth)\//g;

/** A page in a folder where its lines can be run. */
export interface Page extends AsyncDisposable {
  readonly folder: string;
  /** What the page says to a shell in blocks of `sh`. */
  readonly lines: readonly string[];
  /** The same in blocks of another language. */
  linesOf(language: string): string[];
  /** Its blocks in a language; paths are below the folder. */
  blocks(language: string): string[];
}

/** What its lines write stays out of the repository. */
export async function openPage(document: string): Promise<Page> {
  const directory = await createTemporaryDirectory();
  const { path: folder } = directory;
  for (const name of await readdir(ROOT)) await symlink(join(ROOT, name), join(folder, name));
  const markdown = await readFile(join(ROOT, document), "utf8");
  const blocks = (language: string): string[] =>
    Array.from(markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms))
      .filter(([, name]) => name === language)
      .map(([, , block = ""]) => block.replaceAll(FOLDERS, `${folder}/`));
  const linesOf = (language: string): string[] =>
    blocks(language)
      .flatMap((block) => block.split("\n"))
      .filter((line) => !NOT_RUN.test(line));
  return {
    folder,
    lines: linesOf("sh"),
    linesOf,
    blocks,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** Runs lines beside a Hearth at the URL; answers what they print. */
export async function runLines(
  page: Page,
  lines: readonly string[],
  { url, callSeconds = CALL_SECONDS }: { readonly url: string; readonly callSeconds?: number },
): Promise<string> {
  const script = lines.join("\n").replaceAll(/(localhost|127\.0\.0\.1):8090/g, new URL(url).host);
  const command = `${strictShell(callSeconds)}\nexec 2>&1\n${script}`;
  const shell = spawn("bash", ["-c", command], { cwd: page.folder, timeout: 3000 * callSeconds });
  const [output, [code]] = await Promise.all([text(shell.stdout), once(shell, "exit")]);
  expect({ code, output }).toEqual({ code: 0, output: expect.any(String) });
  return output;
}
