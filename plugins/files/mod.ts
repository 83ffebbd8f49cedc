/** Files that operators edit while a plugin runs (read again when they change, replaced as a whole), how their text is read, and digests of contents. Imports nothing of Hearth. */
export { hashContent } from "./hash.ts";
export { readableFile } from "./readable.ts";
export { replaceFile } from "./replace.ts";
export { decodeText, readText } from "./text.ts";
export { openWatchedFile, type WatchedFile } from "./watched.ts";
