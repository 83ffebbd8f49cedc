/** Data files: named content that jobs read. */
export { createFile, deleteFile, uploadFile } from "./files.ts";
