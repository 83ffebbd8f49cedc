import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ProcessLog } from "../../process_output.ts";

/** A folder for what Deno caches (`DENO_DIR`). Disposing it removes it. */
export interface CacheFolder extends AsyncDisposable {
  readonly path: string;
  /** The process is up and has loaded no job: what it cached serves those that come later. Never rejects. */
  offer(): Promise<void>;
}

/**
 * Cache folders of processes. Each process has one of its own, because what is in it runs as code: V8's cache of compiled modules. It begins
 * as a copy of what the first process cached before it loaded any job, which saves a third of the start of a process.
 */
export interface CodeCaches {
  create(): Promise<CacheFolder>;
}

/** Folders below `parent`, which stays the caller's. */
export function createCodeCaches({ log }: { log: ProcessLog }, { parent }: { parent: string }): CodeCaches {
  const template = join(parent, "template");
  let files: readonly string[] = [];
  let isOffered = false;
  let last = 0;

  async function makeTemplate(path: string): Promise<void> {
    try {
      const entries = await readdir(path, { withFileTypes: true });
      const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
      await copyAll(names, path, template);
      files = names;
    } catch (error) {
      log.warn({ err: error }, "cannot keep the code cache; sandboxes start more slowly");
    }
  }

  async function remove(path: string): Promise<void> {
    try {
      await rm(path, { recursive: true, force: true });
    } catch (error) {
      log.warn({ err: error, path }, "cannot remove the cache of a sandbox");
    }
  }

  return {
    async create() {
      last += 1;
      const path = join(parent, `process-${last}`);
      await copyAll(files, template, path);
      return {
        path,
        async offer() {
          if (isOffered) return;
          isOffered = true;
          await makeTemplate(path);
        },
        [Symbol.asyncDispose]: () => remove(path),
      };
    },
  };
}

async function copyAll(names: readonly string[], from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  await Promise.all(names.map((name) => copyFile(join(from, name), join(to, name))));
}
