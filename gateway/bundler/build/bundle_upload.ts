import { posix } from "node:path";
import { BundleError, badUpload } from "../problem.ts";
import { ACCEPTED_UPLOADS, isModule, textKind } from "../upload/content_kinds.ts";
import { readUpload, type Upload } from "../upload/read_upload.ts";
import { UploadFiles } from "../upload/upload_files.ts";
import { type Bundle, type BundleDeps, bundleFiles } from "./bundle.ts";

interface UploadedContent {
  readonly content: Uint8Array;
  /** Media type of the upload. */
  readonly contentType: string | undefined;
}

/** Reads an upload and bundles it. Throws a BundleError that says what is wrong, or what kind of file it is instead of a program. */
export async function bundleUpload(deps: BundleDeps, { content, contentType }: UploadedContent): Promise<Bundle> {
  const upload = await readUpload(content, { contentType, limits: deps.limits });
  if (upload.type === "folder") return bundleFiles(deps, upload);
  const bundled = bundleFiles(deps, upload);
  return bundled.catch((error: unknown) => retryFile(deps, upload, { error, contentType }));
}

interface Failure {
  readonly error: unknown;
  readonly contentType: string | undefined;
}

/** Handles a single file that does not bundle: it may not be a program at all, or have JSX in it, which its name does not show. */
async function retryFile(
  deps: BundleDeps,
  { files, path }: Upload & { type: "file" },
  { error, contentType }: Failure,
): Promise<Bundle> {
  const content = files.get(path);
  if (!(error instanceof BundleError) || content === undefined) throw error;
  const text = Buffer.from(content).toString("utf8").trim();
  if (text === "") throw badUpload(`Nothing is exported, the upload is empty: ${ACCEPTED_UPLOADS}`);
  if (isModule(text) && (await hasJsx(deps, content, path))) {
    return bundleFiles(deps, {
      type: "file",
      files: new UploadFiles(new Map([["main.tsx", content]])),
      path: "main.tsx",
    });
  }
  const kind = textKind(content);
  if (kind !== undefined) throw badUpload(`The upload is ${kind}: ${ACCEPTED_UPLOADS}`);
  if (contentType?.startsWith(URL_ENCODED) && !text.includes("\n")) {
    const problem = { ...error.problems[0], text: `${error.problems[0]?.text} (${LINES_ARE_GONE})` };
    throw new BundleError([problem, ...error.problems.slice(1)], { cause: error });
  }
  throw error;
}

const URL_ENCODED = "application/x-www-form-urlencoded";
const LINES_ARE_GONE = "`curl -d` removes line breaks: send the file by `curl -T` or `curl --data-binary`";

/** Whether the file is valid with JSX enabled, and invalid without. */
async function hasJsx({ esbuild }: BundleDeps, content: Uint8Array, path: string): Promise<boolean> {
  if (![".ts", ".mts", ".cts"].includes(posix.extname(path))) return false;
  const isRight = (loader: "ts" | "tsx") =>
    esbuild.transform(content, { loader, logLevel: "silent", tsconfigRaw: {} }).then(
      () => true,
      () => false,
    );
  return !(await isRight("ts")) && (await isRight("tsx"));
}
