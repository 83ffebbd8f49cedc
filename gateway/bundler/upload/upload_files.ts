import { posix } from "node:path";

/** Links in a path beyond which it is taken for a circle, as Linux does. */
const MOST_LINKS = 40;

const NO_LINKS: ReadonlyMap<string, string> = new Map();

interface UploadLinks {
  readonly links?: ReadonlyMap<string, string>;
  /** Links that lead out of the upload, with their targets as they were packed. */
  readonly leaving?: ReadonlyMap<string, string>;
}

/**
 * The contents of an upload by path: relative, `/` between segments, no `.` or `..`. Symbolic links lead from path to path inside of the
 * upload, as `node_modules` of pnpm and of workspaces have them.
 */
export class UploadFiles {
  readonly #contents: ReadonlyMap<string, Uint8Array>;
  readonly #links: ReadonlyMap<string, string>;
  readonly #leaving: ReadonlyMap<string, string>;

  constructor(contents: ReadonlyMap<string, Uint8Array>, { links = NO_LINKS, leaving = NO_LINKS }: UploadLinks = {}) {
    this.#contents = contents;
    this.#links = links;
    this.#leaving = leaving;
  }

  has(path: string): boolean {
    return this.#contents.has(this.real(path));
  }

  get(path: string): Uint8Array | undefined {
    return this.#contents.get(this.real(path));
  }

  /** The target of a link that leads out of the upload; undefined when the path is no such link. */
  outsideTarget(path: string): string | undefined {
    return this.#leaving.get(path);
  }

  /** Paths of the files themselves, without links. */
  paths(): Iterable<string> {
    return this.#contents.keys();
  }

  /** The path without links. What leads in a circle stays as it is, and leads nowhere. */
  real(path: string): string {
    if (this.#links.size === 0) return path;
    let real = path;
    for (let hops = 0; hops < MOST_LINKS; hops++) {
      const followed = this.#followFirst(real);
      if (followed === undefined) return real;
      real = followed;
    }
    return path;
  }

  #followFirst(path: string): string | undefined {
    for (let end = path.indexOf("/"); ; end = path.indexOf("/", end + 1)) {
      const start = end === -1 ? path : path.slice(0, end);
      const target = this.#links.get(start);
      if (target !== undefined) return posix.join(target, path.slice(start.length));
      if (end === -1) return undefined;
    }
  }
}
