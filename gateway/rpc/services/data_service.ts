import { create } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import { fileNotFound } from "../../../proto/errors.ts";
import { type DataService, type File, ListFilesResponseSchema } from "../../../proto/mod.ts";
import type { Core } from "../../core.ts";
import { deleteFile, uploadFile } from "../../data/mod.ts";
import type { Implementation } from "../call.ts";
import { openContent, toHttpBodies } from "./content.ts";
import { pageLimit, readPage } from "./paging.ts";

export function createDataService(deps: Pick<Core, "dao" | "blobs">): Implementation<typeof DataService> {
  return {
    async uploadFile({ name, content }) {
      return uploadFile(deps, { name, content: content?.data ?? new Uint8Array(), contentType: content?.contentType });
    },
    async listFiles({ pageSize, pageToken, prefix }) {
      const { rows: files, nextPageToken } = await readPage({
        limit: pageLimit(pageSize),
        token: pageToken,
        key: ({ name }: File) => name,
        read: (limit, after) => deps.dao.files.list({ prefix: prefix || undefined }, { limit, after }),
      });
      return create(ListFilesResponseSchema, { files, nextPageToken });
    },
    async *downloadFile({ name }) {
      const file = await deps.dao.files.get(name);
      if (file === undefined) throw fileNotFound(name);
      yield* toHttpBodies(await openContent(deps, file.digest), file.contentType);
    },
    async deleteFile({ name }) {
      if (!(await deleteFile(deps, name))) throw fileNotFound(name);
      return create(EmptySchema);
    },
  };
}
