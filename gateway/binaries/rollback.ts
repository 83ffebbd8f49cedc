import { timestampNow } from "@bufbuild/protobuf/wkt";
import type { BlobStore, Dao } from "../../plugins/contract/mod.ts";
import { binaryNotFound } from "../../proto/errors.ts";
import type { Binary } from "../../proto/mod.ts";

/**
 * Makes an older version the newest by adding a version with its content. Returns that, or the newest version if the content is the same.
 * Rejects when there is no such version.
 */
export async function rollbackBinary(
  { dao, blobs }: { readonly dao: Dao; readonly blobs: BlobStore },
  { name, version }: { readonly name: string; readonly version: number },
): Promise<Binary> {
  const older = await dao.binaries.get(name, { version });
  if (older === undefined) throw binaryNotFound(`${name}@${version}`);
  // The older version may be deleted meanwhile: renewing protects its content from the sweep.
  const contents = [older.digest, older.bundleDigest, older.sourceMapDigest].filter((digest) => digest !== "");
  const kept = await Promise.all(contents.map((digest) => blobs.renew(digest)));
  if (kept.includes(false)) throw binaryNotFound(`${name}@${version}`);
  return dao.binaries.insert({ ...older, createTime: timestampNow() });
}
