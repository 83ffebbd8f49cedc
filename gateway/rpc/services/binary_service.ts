import { create } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import { binaryNotFound } from "../../../proto/errors.ts";
import {
  type Binary,
  type BinaryService,
  HttpBodySchema,
  ListBinariesResponseSchema,
  ListBinaryVersionsResponseSchema,
} from "../../../proto/mod.ts";
import { deleteBinary, findBinary, rollbackBinary, uploadBinary } from "../../binaries/mod.ts";
import type { Core } from "../../core.ts";
import type { Implementation } from "../call.ts";
import { createContentReader } from "./content.ts";
import { numberIn, pageLimit, readPage } from "./paging.ts";

export function createBinaryService(
  deps: Pick<Core, "dao" | "blobs" | "bundler" | "jars">,
): Implementation<typeof BinaryService> {
  const readContent = createContentReader(deps);
  return {
    async uploadBinary({ name, content }, { signal }) {
      const { data = new Uint8Array(), contentType } = content ?? {};
      return uploadBinary(deps, { name, content: data, contentType, signal });
    },
    async getBinary({ name }) {
      return findBinary(deps, name);
    },
    async listBinaries({ pageSize, pageToken }, _call, authorization) {
      const { rows: binaries, nextPageToken } = await readPage({
        limit: pageLimit(pageSize),
        token: pageToken,
        key: ({ name }: Binary) => name,
        covers: ({ name: binary }) => authorization.covers({ binary }),
        read: (limit, after) => deps.dao.binaries.list({ limit, after }),
      });
      return create(ListBinariesResponseSchema, { binaries, nextPageToken });
    },
    async listBinaryVersions({ name, pageSize, pageToken }) {
      const { rows: binaries, nextPageToken } = await readPage({
        limit: pageLimit(pageSize),
        token: pageToken,
        key: ({ version }: Binary) => String(version),
        read: (limit, before) => deps.dao.binaries.versions(name, { limit, before: numberIn(before) }),
      });
      if (binaries.length === 0 && pageToken === "") throw binaryNotFound(name);
      return create(ListBinaryVersionsResponseSchema, { binaries, nextPageToken });
    },
    async downloadBinary({ name }, { signal }) {
      const { digest } = await findBinary(deps, name);
      return create(HttpBodySchema, {
        contentType: "application/octet-stream",
        data: await readContent(digest, { signal }),
      });
    },
    async rollbackBinary({ name, version }) {
      return rollbackBinary(deps, { name, version });
    },
    async deleteBinary({ name }, _call, authorization) {
      await deleteBinary(deps, name, authorization);
      return create(EmptySchema);
    },
  };
}
