import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildLockdown, type Lockdown } from "./lockdown_bundle.ts";

/** The module that Deno is started with. */
export const ENTRY = "enter.js";

const MAIN = "main.js";
const LOCKDOWN = "lockdown.js";
const NAME = /^hearth-isolation-(\d+)-/;

/** Folders that every user may read, each with a program behind a lockdown. Disposing it removes them. */
export interface Programs extends Disposable {
  /** Holds all of them. */
  readonly folder: string;
  /** Answers the folder of a program that is locked down before it starts; made at the first call. */
  folderOf(mainModule: string, lockdown: Lockdown): string;
}

/**
 * In the folder for temporary files: whoever a sandbox runs as has to reach it, and folders of data are closed. What nodes that were
 * killed have left is removed.
 */
export function createPrograms(architecture: string): Programs {
  for (const name of readdirSync(tmpdir())) {
    const owner = NAME.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`))
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
  const root = mkdtempSync(join(tmpdir(), `hearth-isolation-${process.pid}-`));
  chmodSync(root, 0o755);
  const folders = new Map<string, string>();
  return {
    folder: root,
    folderOf(mainModule, lockdown) {
      const key = JSON.stringify([mainModule, lockdown]);
      const known = folders.get(key);
      if (known !== undefined) return known;
      const folder = join(root, String(folders.size));
      mkdirSync(folder);
      chmodSync(folder, 0o755);
      copyFileSync(mainModule, join(folder, MAIN));
      writeFileSync(join(folder, LOCKDOWN), buildLockdown(architecture, lockdown));
      // Both are read before the first of them runs, so the lockdown may forbid to open files.
      writeFileSync(join(folder, ENTRY), `import "./${LOCKDOWN}";\nimport "./${MAIN}";\n`);
      for (const name of [MAIN, LOCKDOWN, ENTRY]) chmodSync(join(folder, name), 0o644);
      folders.set(key, folder);
      return folder;
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}
