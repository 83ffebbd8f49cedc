import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import type { BlobStore, Dao } from "../../plugins/contract/mod.ts";
import { type File, FileSchema } from "../../proto/mod.ts";

interface Content {
  readonly content: Uint8Array;
  readonly contentType?: string | undefined;
}

interface DataDeps {
  readonly dao: Dao;
  readonly blobs: BlobStore;
}

/** Stores a file under its name, replacing any other. */
export async function uploadFile(
  deps: DataDeps,
  { name, ...upload }: Content & { readonly name: string },
): Promise<File> {
  const file = { ...(await storeContent(deps, upload)), name };
  await deps.dao.files.put(file);
  return file;
}

/** Stores a file under the first free name. Names are tried until one is free, so the iterable should be endless. */
export async function createFile(
  deps: DataDeps,
  { names, ...upload }: Content & { readonly names: Iterable<string> },
): Promise<File> {
  const stored = await storeContent(deps, upload);
  for (const name of names) {
    const file = { ...stored, name };
    if ((await deps.dao.files.insert(file)) === undefined) return file;
  }
  throw new Error("Every name for the file is taken");
}

/** Deletes a file. Resolves to false when there is none. The sweep deletes the content once nothing else refers to it. */
export async function deleteFile({ dao }: { readonly dao: Dao }, name: string): Promise<boolean> {
  return (await dao.files.delete(name)) !== undefined;
}

/** A file without a name. */
async function storeContent({ blobs }: DataDeps, { content, contentType }: Content): Promise<File> {
  const { digest, sizeBytes } = await blobs.put(content);
  return create(FileSchema, {
    digest,
    sizeBytes: BigInt(sizeBytes),
    contentType: contentType || "application/octet-stream",
    createTime: timestampNow(),
  });
}
