/** Uploaded programs: upload, find, delete. Imports the record, the bundler and the contract. */
export { deleteBinary } from "./delete.ts";
export { findBinary, findEntryPoint, resolveEntryPoint } from "./find.ts";
export { parseBinaryName } from "./name.ts";
export { uploadBinary } from "./upload.ts";
