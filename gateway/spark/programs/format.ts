import { isUtf8 } from "node:buffer";
import { isArchive, isJar } from "../../bundler/mod.ts";

/** Whether bytes may be a jar or a program. The bundler decides. */
export function isProgram(bytes: Uint8Array): boolean {
  return isJar(bytes) || isArchive(bytes) || (isUtf8(bytes) && !bytes.includes(0));
}
