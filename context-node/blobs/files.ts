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
 * The uploaded data files as the gateways have them at the moment of asking: what a name means is asked each time, and content that is
 * known already is not fetched again. It is brought to disk as a whole before it is handed out: a job that reads slowly must
 * not hold up the session, nor fill our memory.
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
