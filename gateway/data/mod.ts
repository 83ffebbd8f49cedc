/** Data files: named contents that jobs read. Imports the contract and `proto` only. */
export { createFile, deleteFile, uploadFile } from "./files.ts";
