import { randomUUID } from "node:crypto";
import { open, rename } from "node:fs/promises";

/** Replaces a file, or creates it, so that readers see the old content or the new one whole. Only its owner may read it. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
