/** Reads zip archives (APPNOTE.TXT of PKWARE) from memory. Knows nothing of Hearth, and trusts nothing that an archive declares. */
export { type ZipEntry, zipEntries } from "./directory.ts";
export { inflateEntry, storedBytes } from "./entry.ts";
export { isZip } from "./signatures.ts";
export { ZipError } from "./zip_error.ts";
