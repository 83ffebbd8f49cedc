import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildLockdown, type Lockdown } from "./lockdown_bundle.ts";

const MAIN = "main.js";
const NAME = /^hearth-isolation-(\d+)-/;

/** Folders that every user may read, each with a program behind a lockdown. Disposal removes them. */
export interface Programs extends Disposable {
  /** Holds all of them. */
  readonly folder: string;
  /** Returns the folder of a program, and the module in it that locks the process down, if needed, and runs the program. */
  place(mainModule: string, lockdown: Lockdown | undefined): { readonly folder: string; readonly entry: string };
  /** Copies a folder to one that only this user may use. */
  copyFor(user: number, folder: string): Disposable & { readonly path: string };
}

/**
 * In the folder for temporary files: the sandbox's user must reach it, and data folders are private. Removes the folders of killed nodes.
 */
export function createPrograms(architecture: string): Programs {
  removeAbandoned();
  const root = mkdtempSync(join(tmpdir(), `hearth-isolation-${process.pid}-`));
  chmodSync(root, 0o755);
  const folders = new Map<string, string>();
  let copies = 0;

  function addFolder(mainModule: string): string {
    const folder = join(root, `program-${folders.size}`);
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    write(join(folder, MAIN), readFileSync(mainModule));
    folders.set(mainModule, folder);
    return folder;
  }

  return {
    folder: root,
    place(mainModule, lockdown) {
      const folder = folders.get(mainModule) ?? addFolder(mainModule);
      const variant = lockdown === undefined ? "trusted" : lockdown.net ? "net" : "closed";
      const entry = `enter-${variant}.js`;
      if (existsSync(join(folder, entry))) return { folder, entry };
      const guard = `lockdown-${variant}.js`;
      if (lockdown !== undefined) write(join(folder, guard), buildLockdown(architecture, lockdown));
      // Both modules are read before the first of them runs, so the lockdown may forbid to open files.
      const modules = lockdown === undefined ? [MAIN] : [guard, MAIN];
      write(join(folder, entry), modules.map((name) => `import "./${name}";\n`).join(""));
      return { folder, entry };
    },
    copyFor(user, folder) {
      const path = join(root, `cache-${++copies}`);
      cpSync(folder, path, { recursive: true });
      giveTo(user, path);
      return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Removes the folders of killed nodes, except those of other users: their own nodes do that, and this one may lack the right. */
function removeAbandoned(): void {
  const user = process.getuid?.();
  for (const name of readdirSync(tmpdir())) {
    const owner = NAME.exec(name)?.[1];
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue;
    const path = join(tmpdir(), name);
    const isOurs = user === 0 || lstatSync(path, { throwIfNoEntry: false })?.uid === user;
    if (isOurs) rmSync(path, { recursive: true, force: true });
  }
}

/** Makes a user the owner of a folder and of the files in it. */
export function giveTo(user: number, folder: string): void {
  for (const path of [folder, ...readdirSync(folder).map((name) => join(folder, name))]) chownSync(path, user, user);
}

/** Every user may read it, regardless of the umask. */
function write(path: string, content: string | Uint8Array): void {
  writeFileSync(path, content);
  chmodSync(path, 0o644);
}
