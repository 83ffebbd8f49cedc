/** Uploaded programs: upload, find, roll back, delete. Imports the record, the bundler and the contract. */
export { deleteBinary } from "./delete.ts";
export { findBinary, findEntryPoint, resolveEntryPoint } from "./find.ts";
export { parseBinaryName } from "./name.ts";
export { rollbackBinary } from "./rollback.ts";
export { uploadBinary } from "./upload.ts";
