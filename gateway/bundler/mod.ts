/**
 * Bundles an upload (one source file, or a folder as a tarball or a zip archive) into one ES module with its source map. Uploads are not
 * trusted: they are unpacked and bundled in separate processes, from memory, and cannot import anything from the server's disk. The only
 * room that uses esbuild, tar and zip.
 */
export {
  type BundledUpload,
  type BundleOptions,
  type Bundler,
  type BundlerSettings,
  createBundler,
} from "./bundler.ts";
export { type BundlerLimits, DEFAULT_LIMITS } from "./bundler_limits.ts";
export { BundleError, type BundleProblem } from "./problem.ts";
export { fileOfForm } from "./upload/form.ts";
export { isArchive, isJar } from "./upload/read_upload.ts";
