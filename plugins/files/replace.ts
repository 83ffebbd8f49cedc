import { randomUUID } from "node:crypto";
import { open, rename } from "node:fs/promises";

/**
 * Replaces a file, or creates it, so that readers see the old content or the new one whole. Only its owner may read it. Rejects, naming the
 * file, when it cannot be written.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    {
      await using file = await open(temporary, "wx", 0o600);
      await file.writeFile(text);
      await file.sync();
    }
    await rename(temporary, path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "there is no such folder; make it first" : message;
    throw new Error(`Cannot write ${path}: ${reason}`, { cause });
  }
}
