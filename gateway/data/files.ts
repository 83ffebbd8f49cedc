import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { type File, FileSchema } from "../../proto/mod.ts";
import type { Core } from "../core.ts";

interface FileUpload {
  readonly name: string;
  readonly content: Uint8Array;
  readonly contentType?: string | undefined;
}

/** Stores a file under its name, in place of one that had it. */
export async function uploadFile(
  deps: Pick<Core, "dao" | "blobs">,
  { name, content, contentType }: FileUpload,
): Promise<File> {
  const { digest, sizeBytes } = await deps.blobs.put(content);
  const file = create(FileSchema, {
    name,
    digest,
    sizeBytes: BigInt(sizeBytes),
    contentType: contentType || "application/octet-stream",
    createTime: timestampNow(),
  });
  await deps.dao.files.put(file);
  return file;
}

/** Deletes a file; false when there is none. The content stays for the sweep, which knows whether anything else uses it. */
export async function deleteFile({ dao }: Pick<Core, "dao">, name: string): Promise<boolean> {
  return (await dao.files.delete(name)) !== undefined;
}
