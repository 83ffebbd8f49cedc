/**
 * Turns an upload (one source file, or a folder as a tarball or a zip archive) into one ES module with its source map. Uploads are not
 * trusted: they are unpacked and bundled in processes of their own, from memory, and nothing of the server's disk can be imported.
 * Imports `proto` only; the one place that knows esbuild, tar and zip.
 */
export {
  type BundledUpload,
  type BundleOptions,
  type Bundler,
  type BundlerSettings,
  createBundler,
} from "./bundler.ts";
export { fileOfForm } from "./form.ts";
export { type BundlerLimits, DEFAULT_LIMITS } from "./limits.ts";
export { BundleError, type BundleProblem } from "./problem.ts";
export { isArchive, isJar } from "./upload.ts";
