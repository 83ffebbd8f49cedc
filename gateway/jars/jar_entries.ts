import { inflateEntry, storedBytes, type ZipEntry, ZipError, zipEntries } from "../../lib/zip/mod.ts";
import { ACCESS, ClassFileError, type ClassHeader, readClassHeader } from "./class_file.ts";
import type { JarLimits } from "./jar_limits.ts";
import type { ScalaSigns } from "./versions.ts";

/** The jar is invalid. The message says why and how to fix it, and begins with `The jar`. */
export class JarError extends Error {
  override readonly name = "JarError";
}

/** The relevant content of a jar. */
export interface Jar {
  readonly classes: ReadonlyMap<string, ClassHeader>;
  readonly signs: ScalaSigns;
  /** Classes that could not be read, each with the reason. */
  readonly unread: readonly string[];
  readonly hasNestedJars: boolean;
}

/** Reads the entries of a jar, and the headers of its classes. Throws a JarError. */
export function readEntries(content: Uint8Array, limits: JarLimits): Jar {
  const classes = new Map<string, ClassHeader>();
  const signs = { artifacts: [] as string[], tasty: new Set<string>() };
  const unread: string[] = [];
  const bounds = new Bounds(content.length, limits);
  let hasNestedJars = false;
  try {
    for (const entry of zipEntries(content)) {
      bounds.add(entry);
      const { name } = entry;
      if (name.endsWith("/")) continue;
      const stored = storedBytes(content, entry);
      const [, artifact] = /^META-INF\/maven\/[^/]+\/([^/]+)\/pom\.properties$/.exec(name) ?? [];
      if (artifact !== undefined) signs.artifacts.push(artifact);
      hasNestedJars ||= name.endsWith(".jar");
      if (name.endsWith(".tasty")) signs.tasty.add(name.slice(0, -".tasty".length));
      if (!isClass(name)) continue;
      const header = readClass(stored, entry, { limits, unread });
      // The JVM finds a class by its name only.
      if (header !== undefined && `${header.name}.class` === name) classes.set(header.name, header);
    }
  } catch (error) {
    if (error instanceof ZipError) throw new JarError(`The jar ${error.what}`, { cause: error });
    throw error;
  }
  return { classes, signs, unread, hasNestedJars };
}

/** Classes in `META-INF/versions` replace others on newer JVMs, and are optional. */
function isClass(name: string): boolean {
  return name.endsWith(".class") && !name.startsWith("META-INF/");
}

interface Reading {
  readonly limits: JarLimits;
  readonly unread: string[];
}

/** Undefined for a file that is not a class, and for an unreadable one, which may be data under such a name. */
function readClass(stored: Uint8Array, entry: ZipEntry, { limits, unread }: Reading): ClassHeader | undefined {
  if (entry.sizeBytes > limits.classBytes) {
    unread.push(`${entry.name} has more than ${limits.classBytes} bytes`);
    return undefined;
  }
  const content = inflateEntry(stored, entry);
  try {
    const header = readClassHeader(content);
    return (header.access & ACCESS.module) === 0 ? header : undefined;
  } catch (error) {
    if (!(error instanceof ClassFileError)) throw error;
    unread.push(`${entry.name}: ${error.message}`);
    return undefined;
  }
}

/** Sums up the sizes that a jar declares, and throws a JarError if they exceed the limits. */
class Bounds {
  readonly #limits: JarLimits;
  readonly #jarBytes: number;
  #entries = 0;
  #compressedBytes = 0;
  #unpackedBytes = 0;

  constructor(jarBytes: number, limits: JarLimits) {
    this.#jarBytes = jarBytes;
    this.#limits = limits;
  }

  add({ name, compressedBytes, sizeBytes }: ZipEntry): void {
    const { entries, unpackedBytes, ratio, ratioFromBytes } = this.#limits;
    this.#entries += 1;
    this.#compressedBytes += compressedBytes;
    this.#unpackedBytes += sizeBytes;
    this.#checkName(name);
    if (this.#entries > entries) throw new JarError(`The jar has more than ${entries} entries`);
    if (this.#compressedBytes > this.#jarBytes) throw new JarError("The jar holds entries that share their bytes");
    if (this.#unpackedBytes > unpackedBytes) throw new JarError(`The jar unpacks to more than ${unpackedBytes} bytes`);
    if (this.#unpackedBytes > ratioFromBytes && this.#unpackedBytes > ratio * this.#jarBytes) {
      throw new JarError(`The jar unpacks to more than ${ratio} times its size`);
    }
  }

  #checkName(name: string): void {
    const shown = JSON.stringify(name.slice(0, 100));
    const { nameLength } = this.#limits;
    if (name.length > nameLength) {
      throw new JarError(`The jar holds ${shown}, whose name has more than ${nameLength} characters`);
    }
    if (name.startsWith("/") || name.split("/").includes("..")) {
      throw new JarError(`The jar holds ${shown}, which points outside of it`);
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    if (/[\u0000-\u001f\u007f]/.test(name))
      throw new JarError(`The jar holds ${shown}, a name with control characters`);
  }
}
