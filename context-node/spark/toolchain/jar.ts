import type { Dirent } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";

/** 1980-01-01, the first day of ZIP: equal classes result in equal jars. */
const DATE = 0x0021;

const VERSION_NEEDED = 20;
const UTF8_NAMES = 0x0800;
const DEFLATED = 8;

const MANIFEST = { name: "META-INF/MANIFEST.MF", content: Buffer.from("Manifest-Version: 1.0\r\n\r\n") };

/** Writes the files below a folder as a jar, sorted by name and without dates: equal files result in equal bytes. */
export async function writeJar(jar: string, folder: string): Promise<void> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = found.filter((entry) => entry.isFile()).map((entry) => nameOf(folder, entry));
  const files = await Promise.all(
    names.toSorted().map(async (name) => ({ name, content: await readFile(join(folder, name)) })),
  );
  await writeFile(jar, createZip([MANIFEST, ...files]));
}

function nameOf(folder: string, { parentPath, name }: Dirent): string {
  return relative(folder, join(parentPath, name)).replaceAll(sep, "/");
}

/** ZIP without its 64-bit extension: up to 65535 files, 4 GiB in all. Layout: APPNOTE.TXT of PKWARE, 4.3. */
function createZip(files: readonly { name: string; content: Buffer }[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of files) {
    const nameBytes = Buffer.from(name);
    const deflated = deflateRawSync(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(VERSION_NEEDED, 0);
    common.writeUInt16LE(UTF8_NAMES, 2);
    common.writeUInt16LE(DEFLATED, 4);
    common.writeUInt16LE(DATE, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(deflated.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    parts.push(Buffer.from("PK\x03\x04"), common, nameBytes, deflated);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02"), Buffer.from([VERSION_NEEDED, 0]), common, rest, nameBytes);
    offset += 4 + common.length + nameBytes.length + deflated.length;
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(
    directory.reduce((sum, part) => sum + part.length, 0),
    8,
  );
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, ...directory, Buffer.from("PK\x05\x06"), end]);
}
