import { z } from "zod";
import { ContentRefused } from "../../cluster/mod.ts";
import type { FileSource } from "../runtime/mod.ts";
import type { OpenSessions } from "../session/mod.ts";
import type { BlobCache } from "./cache.ts";
import { readAll, requestBlob } from "./source.ts";

const LARGEST_LIST_BYTES = 64 * 1024 * 1024;
const LARGEST_DIGEST_BYTES = 1024;

const FileNames = z.array(z.string());

/**
 * The uploaded data files as the gateways have them now: names are resolved each time, known content is not fetched again. Content is
 * complete on disk before it is read: a slow job must not block the session or fill the memory.
 */
export function createDataFiles(sessions: OpenSessions, blobs: BlobCache): FileSource {
  return {
    async list() {
      const json = await requestBlob(sessions, { $case: "fileNames", value: true }, (content) =>
        readAll(content, { limitBytes: LARGEST_LIST_BYTES }),
      );
      return FileNames.parse(JSON.parse(json.toString()));
    },

    async open(name) {
      try {
        const digest = await requestBlob(sessions, { $case: "fileName", value: name }, (content) =>
          readAll(content, { limitBytes: LARGEST_DIGEST_BYTES }),
        );
        return await blobs.open(digest.toString());
      } catch (error) {
        if (error instanceof ContentRefused) return undefined;
        throw error;
      }
    },
  };
}
