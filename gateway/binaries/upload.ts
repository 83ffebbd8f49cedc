import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { binaryNotBundled, bundlerBusy, entryPointsTooLarge } from "../../proto/errors.ts";
import { type Binary, BinarySchema } from "../../proto/mod.ts";
import { BundleError, BundlerBusyError, fileOfForm } from "../bundler/mod.ts";
import type { Core } from "../core.ts";

/** Bytes of the names of entry points of a binary: each list of binaries shows them. */
const ENTRY_POINTS_BYTES = 256 * 1024;

interface Upload {
  readonly name: string;
  readonly content: Uint8Array;
  /** Media type that the upload came with. */
  readonly contentType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Bundles an upload and records it as the newest version of its name. Of a form, its file is the upload. Nothing is recorded of one that
 * does not bundle.
 */
export async function uploadBinary(deps: Pick<Core, "dao" | "blobs" | "bundler">, upload: Upload): Promise<Binary> {
  const { content, bundled } = await bundleUpload(deps, upload);
  const { type, bundle, sourceMap, entryPoints, warnings } = bundled;
  const namesBytes = entryPoints.reduce((sum, name) => sum + Buffer.byteLength(name), 0);
  if (namesBytes > ENTRY_POINTS_BYTES) throw entryPointsTooLarge(upload.name, namesBytes, ENTRY_POINTS_BYTES);
  const [source, module, map] = await Promise.all([
    deps.blobs.put(content),
    deps.blobs.put(Buffer.from(bundle)),
    deps.blobs.put(Buffer.from(sourceMap)),
  ]);
  return deps.dao.binaries.insert(
    create(BinarySchema, {
      name: upload.name,
      type,
      digest: source.digest,
      sizeBytes: BigInt(source.sizeBytes),
      createTime: timestampNow(),
      entryPoints: [...entryPoints],
      bundleDigest: module.digest,
      sourceMapDigest: map.digest,
      warnings: [...warnings],
    }),
  );
}

async function bundleUpload({ bundler }: Pick<Core, "bundler">, { name, signal, ...body }: Upload) {
  try {
    const { content, contentType } = fileOfForm(body.content, body.contentType) ?? body;
    return { content, bundled: await bundler.bundle(content, { contentType, signal }) };
  } catch (error) {
    if (error instanceof BundleError) throw binaryNotBundled(name, error.message, error.problems[0] ?? {}, error);
    if (error instanceof BundlerBusyError) throw bundlerBusy(name, error);
    throw error;
  }
}
