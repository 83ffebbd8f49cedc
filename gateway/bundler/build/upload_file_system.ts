import type { UploadFiles } from "../upload/upload_files.ts";

/** The folder in which esbuild sees the upload. */
export const UPLOAD_ROOT = "/upload";

/** Names that esbuild would open or descend into; import patterns such as `./${name}` skip them. */
const HIDDEN = new Set([
  "node_modules",
  "package.json",
  "tsconfig.json",
  "jsconfig.json",
  ".pnp.cjs",
  ".pnp.js",
  ".pnp.data.json",
]);

const FOLDER_MODE = 0o040555;
const FILE_MODE = 0o100444;

type Callback<Value> = (error: Error | null, value?: Value) => void;

/**
 * The file system of esbuild: the names of one upload's files, read-only, and nothing else. It has no contents, because the plugin loads
 * every file. Implements the part of Node's `fs` that Go's runtime calls (`syscall/fs_js.go`).
 */
export class UploadFileSystem {
  /** Flags of `open()`. Go reads them when it starts. */
  readonly constants = {
    O_WRONLY: 1,
    O_RDWR: 2,
    O_CREAT: 0o100,
    O_EXCL: 0o200,
    O_TRUNC: 0o1000,
    O_APPEND: 0o2000,
    O_DIRECTORY: 0o200000,
  };
  /** Names in each folder. */
  #folders: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  readonly #pathsByDescriptor = new Map<number, string>();
  #nextDescriptor = 3;

  /** Replaces the visible upload. */
  show(files: UploadFiles): void {
    this.#folders = listFolders(files);
    this.#pathsByDescriptor.clear();
  }

  /** A missing folder opens as an empty one: a pattern in it matches nothing, and esbuild reports its position. */
  open(path: string, _flags: number, _mode: number, callback: Callback<number>): void {
    if (this.#modeOf(path) === FILE_MODE) return callback(failure("EACCES"));
    const descriptor = this.#nextDescriptor++;
    this.#pathsByDescriptor.set(descriptor, path);
    callback(null, descriptor);
  }

  close(descriptor: number, callback: Callback<void>): void {
    this.#pathsByDescriptor.delete(descriptor);
    callback(null);
  }

  fstat(descriptor: number, callback: Callback<unknown>): void {
    if (!this.#pathsByDescriptor.has(descriptor)) return callback(failure("EBADF"));
    callback(null, statOf(FOLDER_MODE));
  }

  stat(path: string, callback: Callback<unknown>): void {
    const mode = this.#modeOf(path);
    if (mode === undefined) return callback(failure("ENOENT"));
    callback(null, statOf(mode));
  }

  lstat(path: string, callback: Callback<unknown>): void {
    this.stat(path, callback);
  }

  readdir(path: string, callback: Callback<string[]>): void {
    callback(
      null,
      [...(this.#folders.get(path) ?? [])].filter((name) => !HIDDEN.has(name)),
    );
  }

  readlink(_path: string, callback: Callback<string>): void {
    callback(failure("EINVAL"));
  }

  /** Descriptors 0 to 2 connect esbuild to its library, which replaces this method and `writeSync` when it starts. */
  read(_descriptor: number, _buffer: Uint8Array, _offset: number, _length: number, _at: null, done: Callback<number>) {
    done(failure("EBADF"));
  }

  write(descriptor: number, content: Uint8Array, _offset: number, _length: number, _at: null, done: Callback<number>) {
    done(null, this.writeSync(descriptor, content));
  }

  writeSync(_descriptor: number, _content: Uint8Array): number {
    throw failure("EBADF");
  }

  /** Rejects reads of folders, which a `sourceMappingURL` can cause and at which esbuild's library throws. Call it once esbuild has started. */
  refuseReads(): void {
    const readOfLibrary = this.read;
    this.read = (descriptor, buffer, offset, length, at, done) => {
      if (this.#pathsByDescriptor.has(descriptor)) return done(failure("EISDIR"));
      readOfLibrary.call(this, descriptor, buffer, offset, length, at, done);
    };
  }

  #modeOf(path: string): number | undefined {
    if (this.#folders.has(path)) return FOLDER_MODE;
    const slash = path.lastIndexOf("/");
    return this.#folders.get(path.slice(0, slash))?.has(path.slice(slash + 1)) ? FILE_MODE : undefined;
  }
}

function listFolders(files: UploadFiles): ReadonlyMap<string, ReadonlySet<string>> {
  const folders = new Map([[UPLOAD_ROOT, new Set<string>()]]);
  for (const file of files.paths()) {
    let path = `${UPLOAD_ROOT}/${file}`;
    while (path !== UPLOAD_ROOT) {
      const slash = path.lastIndexOf("/");
      const folder = path.slice(0, slash);
      const names = folders.get(folder);
      folders.set(folder, (names ?? new Set()).add(path.slice(slash + 1)));
      // The parent folders are complete already.
      if (names !== undefined) break;
      path = folder;
    }
  }
  return folders;
}

function statOf(mode: number): unknown {
  const times = { atimeMs: 0, mtimeMs: 0, ctimeMs: 0 };
  const numbers = { dev: 0, ino: 0, nlink: 1, uid: 0, gid: 0, rdev: 0, size: 0, blksize: 512, blocks: 0 };
  return { ...numbers, ...times, mode, isDirectory: () => mode === FOLDER_MODE };
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}
