/** Files that operators edit while a plugin runs (read again when they change, replaced as a whole), and digests of contents. Imports nothing of Hearth. */
export { hashContent } from "./hash.ts";
export { readableFile } from "./readable.ts";
export { replaceFile } from "./replace.ts";
export { openWatchedFile, type WatchedFile } from "./watched.ts";
