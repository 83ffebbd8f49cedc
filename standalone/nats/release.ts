import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const VERSION = "2.14.5";

/** SHA-256 of each release tarball; docs/decisions/0001-where-nats-server-comes-from.md says where they come from. */
const TARBALLS: Readonly<Record<string, { target: string; sha256: string } | undefined>> = {
  "linux-x64": {
    target: "linux-amd64",
    sha256: "5e3b603d47c447bda1f77f9ac16dbf91c90aac4ff3681f8fbbc7201e4ed99355",
  },
  "linux-arm64": {
    target: "linux-arm64",
    sha256: "673a98d3faa79dde3f9ebf16d6dfac36a5f694e7ad2015e4954dd7939c85cd4c",
  },
  "darwin-x64": {
    target: "darwin-amd64",
    sha256: "f95c98d6b6ed2b63c5681b46b092c9585c99767d547cf495730c329234625e96",
  },
  "darwin-arm64": {
    target: "darwin-arm64",
    sha256: "ddd907854d9a2de834af133fa396915fe6442fe6d8909ae31390d1ea7a0fea50",
  },
};

/** Timeout of the response of the release server, in milliseconds. An unreachable server must not delay a start. */
const ANSWER_TIMEOUT_MS = 4_000;

/**
 * Downloads the pinned official release into a directory and resolves to the path of its binary. Rejects if there is none for this platform,
 * the server is unreachable, or the checksum differs.
 */
export async function downloadNatsRelease(
  directory: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<string> {
  const tarball = TARBALLS[`${process.platform}-${process.arch}`];
  if (!tarball) throw new Error(`no official nats-server release for ${process.platform}-${process.arch}`);

  const folder = `nats-server-v${VERSION}-${tarball.target}`;
  const url = `https://github.com/nats-io/nats-server/releases/download/v${VERSION}/${folder}.tar.gz`;
  const content = await download(url, { signal });
  const sha256 = createHash("sha256").update(content).digest("hex");
  if (sha256 !== tarball.sha256) throw new Error(`${url} has SHA-256 ${sha256}, expected ${tarball.sha256}`);

  const file = join(directory, "release.tar.gz");
  await writeFile(file, content);
  await promisify(execFile)("tar", ["-xzf", file, "-C", directory], { signal });
  return join(directory, folder, "nats-server");
}

async function download(url: string, { signal }: { signal?: AbortSignal | undefined }): Promise<Buffer> {
  const answer = new AbortController();
  const timer = setTimeout(() => answer.abort(new Error(`${url} did not answer`)), ANSWER_TIMEOUT_MS);
  try {
    const response = await fetch(url, { signal: AbortSignal.any([answer.signal, ...(signal ? [signal] : [])]) });
    clearTimeout(timer);
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } finally {
    clearTimeout(timer);
  }
}
