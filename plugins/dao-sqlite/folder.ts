import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

/** Creates the folder of a file and those above it; when it resolves, they survive the death of the machine. */
export async function createFolderOf(file: string): Promise<void> {
  const folder = dirname(file);
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let created = folder; created.length >= first.length; created = dirname(created)) {
    await using above = await open(dirname(created), "r");
    await above.sync();
  }
}
