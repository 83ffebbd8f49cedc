import { posix } from "node:path";

/** Maximum number of links in a path, as in Linux; a longer chain counts as a loop. */
const MOST_LINKS = 40;

const NO_LINKS: ReadonlyMap<string, string> = new Map();

interface UploadLinks {
  readonly links?: ReadonlyMap<string, string>;
  /** Links that leave the upload, with their original targets. */
  readonly leaving?: ReadonlyMap<string, string>;
}

/**
 * The contents of an upload by path: relative, `/` between segments, no `.` or `..`. Symbolic links inside the upload map paths to paths,
 * as in `node_modules` of pnpm and of workspaces.
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

  /** The target of a link that leaves the upload; undefined for any other path. */
  outsideTarget(path: string): string | undefined {
    return this.#leaving.get(path);
  }

  /** Paths of the files, without links. */
  paths(): Iterable<string> {
    return this.#contents.keys();
  }

  /** The path with links resolved. A loop is returned unchanged, and has no file. */
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
