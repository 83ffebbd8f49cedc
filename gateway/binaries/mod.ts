/** Uploaded programs: upload, find, roll back, delete. */
export { openClassPaths } from "./class_paths.ts";
export { deleteBinary } from "./delete.ts";
export { findBinary, findEntryPoint, resolveEntryPoint } from "./find.ts";
export { parseBinaryName } from "./name.ts";
export { rememberBinaries } from "./remembered.ts";
export { rollbackBinary } from "./rollback.ts";
export { inSlices } from "./slices.ts";
export { uploadBinary } from "./upload.ts";
