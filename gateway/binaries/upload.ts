import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { QueueFullError } from "../../lib/async/mod.ts";
import type { BlobStore, Dao } from "../../plugins/contract/mod.ts";
import { binaryNotBundled, bundlerBusy, entryPointsTooLarge, jarNotRead } from "../../proto/errors.ts";
import { type Binary, Binary_Type, BinarySchema, Runtime } from "../../proto/mod.ts";
import { BundleError, type Bundler, fileOfForm, isJar } from "../bundler/mod.ts";
import { JarError, type JarReader } from "../jars/mod.ts";
import { inSlices } from "./slices.ts";

/** Largest total size of entry point names, in bytes: every list of binaries has them. */
const ENTRY_POINTS_BYTES = 256 * 1024;

interface Upload {
  readonly name: string;
  readonly content: Uint8Array;
  /** Media type of the upload. */
  readonly contentType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface UploadDeps {
  readonly dao: Dao;
  readonly blobs: BlobStore;
  readonly bundler: Bundler;
  readonly jars: JarReader;
}

/** A valid upload, and what contexts load. */
interface Packaged {
  /** The upload without the form around it. */
  readonly content: Uint8Array;
  /** Fields of the binary except digests. */
  readonly described: MessageInitShape<typeof BinarySchema> & { readonly entryPoints: readonly string[] };
  /** A module and its source map. Undefined when contexts load the upload itself. */
  readonly module: { readonly bundle: Uint8Array; readonly sourceMap: Uint8Array } | undefined;
}

/**
 * Reads a jar or bundles a program, and stores it as the newest version of its name. Of a form, the upload is its file. Stores nothing of
 * an upload that is invalid.
 */
export async function uploadBinary(deps: UploadDeps, upload: Upload): Promise<Binary> {
  const { content, described, module } = await packageUpload(deps, upload);
  const namesBytes = described.entryPoints.reduce((sum, name) => sum + Buffer.byteLength(name), 0);
  if (namesBytes > ENTRY_POINTS_BYTES) throw entryPointsTooLarge(upload.name, namesBytes, ENTRY_POINTS_BYTES);
  const [source, bundle, sourceMap] = await Promise.all([
    deps.blobs.put(inSlices(content)),
    module && deps.blobs.put(module.bundle),
    module && deps.blobs.put(module.sourceMap),
  ]);
  return deps.dao.binaries.insert(
    create(BinarySchema, {
      ...described,
      name: upload.name,
      digest: source.digest,
      sizeBytes: BigInt(source.sizeBytes),
      createTime: timestampNow(),
      bundleDigest: (bundle ?? source).digest,
      sourceMapDigest: sourceMap?.digest ?? "",
    }),
  );
}

/** Decides by the bytes. Rejects with the API error for an invalid upload. */
async function packageUpload(deps: UploadDeps, { name, signal, ...body }: Upload): Promise<Packaged> {
  try {
    const { content, contentType } = fileOfForm(body.content, body.contentType) ?? body;
    if (isJar(content)) return await packageJar(deps, content, { signal });
    return await packageModule(deps, content, { contentType, signal });
  } catch (error) {
    if (error instanceof BundleError) throw binaryNotBundled(name, error.message, error.problems[0] ?? {}, error);
    if (error instanceof JarError) throw jarNotRead(name, error.message, error);
    if (error instanceof QueueFullError) throw bundlerBusy(name, error);
    throw error;
  }
}

async function packageModule(
  { bundler }: UploadDeps,
  content: Uint8Array,
  options: Pick<Upload, "contentType" | "signal">,
): Promise<Packaged> {
  const { type, bundle, sourceMap, entryPoints, warnings } = await bundler.bundle(content, options);
  return {
    content,
    described: { type, runtime: Runtime.DENO, entryPoints: [...entryPoints], warnings: [...warnings] },
    module: { bundle: Buffer.from(bundle), sourceMap: Buffer.from(sourceMap) },
  };
}

async function packageJar(
  { jars }: UploadDeps,
  content: Uint8Array,
  options: Pick<Upload, "signal">,
): Promise<Packaged> {
  const { entryPoints, warnings, scalaVersion, javaVersion } = await jars.read(content, options);
  return {
    content,
    described: {
      ...{ type: Binary_Type.JAR, runtime: Runtime.SPARK, scalaVersion, javaVersion },
      ...{ entryPoints: [...entryPoints], warnings: [...warnings] },
    },
    module: undefined,
  };
}
