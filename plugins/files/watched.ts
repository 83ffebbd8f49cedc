import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { decodeText } from "./text.ts";

/** A change is seen within this time. */
const LOOK_AGAIN_MS = 1000;

/** The content of a file as it is now. */
export interface WatchedFile<Content> {
  /** The content, at most a second old. Rejects when the file cannot be read or parsed now; older content no longer counts. */
  read(): Promise<Content>;
}

/** Opens a file that `parse` understands; rejects, naming the file, when it cannot be read or parsed. */
export async function openWatchedFile<Content>(
  file: string,
  parse: (text: string) => Content,
): Promise<WatchedFile<Content>> {
  const path = resolve(file);
  // Checked before the read: a change in between is detected the next time.
  let version = await versionOf();
  let content = await load();
  let lookedAtMs = performance.now();
  let looking: Promise<Content> | undefined;

  return {
    async read() {
      if (performance.now() - lookedAtMs < LOOK_AGAIN_MS) return content;
      looking ??= look().finally(() => {
        looking = undefined;
      });
      return await looking;
    },
  };

  async function look(): Promise<Content> {
    const found = await versionOf();
    if (found !== version) {
      content = await load();
      version = found;
    }
    lookedAtMs = performance.now();
    return content;
  }

  async function versionOf(): Promise<string> {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(" ");
  }

  async function load(): Promise<Content> {
    const content = await readFile(path);
    try {
      return parse(decodeText(content));
    } catch (cause) {
      throw new Error(`Cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
}
