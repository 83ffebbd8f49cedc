/** Files that operators edit while a plugin runs: read again when they change, replaced as a whole. Imports nothing of Hearth. */
export { readableFile } from "./readable.ts";
export { replaceFile } from "./replace.ts";
export { openWatchedFile, type WatchedFile } from "./watched.ts";
