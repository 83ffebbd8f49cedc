import { createWriteStream } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import type { FileSource } from "../runtime/mod.ts";
import { BlobNotFound, type OpenSessions } from "../session/mod.ts";
import { readAll, requestBlob } from "./source.ts";

const LARGEST_LIST_BYTES = 64 * 1024 * 1024;

const FileNames = z.array(z.string());

/**
 * The uploaded data files as the gateways have them at the moment of asking. A file is brought to disk as a whole before it
 * is handed out: a job that reads slowly must not hold up the session, nor fill our memory.
 */
export async function openDataFiles(sessions: OpenSessions, { dataDir }: { dataDir: string }): Promise<FileSource> {
  const directory = join(dataDir, "files");
  await mkdir(directory, { recursive: true });
  return {
    async list() {
      const json = await requestBlob(sessions, { $case: "fileNames", value: true }, (content) =>
        readAll(content, { limitBytes: LARGEST_LIST_BYTES }),
      );
      return FileNames.parse(JSON.parse(json.toString()));
    },

    async open(name) {
      const path = join(directory, crypto.randomUUID());
      try {
        await requestBlob(sessions, { $case: "fileName", value: name }, (content) =>
          pipeline(content, createWriteStream(path)),
        );
        const file = await open(path);
        return Readable.toWeb(file.createReadStream());
      } catch (error) {
        if (error instanceof BlobNotFound) return undefined;
        throw error;
      } finally {
        // What is open can be read to its end; nothing is left to clean up after a crash.
        await rm(path, { force: true });
      }
    },
  };
}
