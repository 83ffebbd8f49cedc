import type { BlobStore, Dao } from "../../plugins/contract/mod.ts";
import type { BlobRequest } from "../../proto/node.ts";
import type { NodeSession } from "../nodes/mod.ts";

interface ContentDeps {
  readonly dao: Dao;
  readonly blobs: BlobStore;
}

/** Sends a node the content that it requests: a blob by its digest, the digest of a data file, or the names of all data files. */
export async function serveContent(
  deps: ContentDeps,
  session: NodeSession,
  { requestId, blob }: BlobRequest,
): Promise<void> {
  switch (blob?.$case) {
    case "digest":
      return session.blobs.send(requestId, await deps.blobs.open(blob.value));
    case "fileName": {
      const file = await deps.dao.files.get(blob.value);
      return session.blobs.send(requestId, file && textOf(file.digest));
    }
    case "fileNames":
      return session.blobs.send(requestId, listFileNames(deps));
    case "liveResult":
      return session.blobs.fail(requestId, "a gateway makes no results");
    case undefined:
      return session.blobs.fail(requestId, "the request names nothing");
    default:
      return blob satisfies never;
  }
}

async function* textOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** The names of all files as a JSON array. */
async function* listFileNames({ dao }: { readonly dao: Dao }): AsyncGenerator<Uint8Array> {
  const limit = 1000;
  const names: string[] = [];
  for (;;) {
    const page = await dao.files.list({}, { limit, after: names.at(-1) });
    names.push(...page.map(({ name }) => name));
    if (page.length < limit) break;
  }
  yield Buffer.from(JSON.stringify(names));
}
