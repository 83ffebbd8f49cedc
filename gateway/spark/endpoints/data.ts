import { type File, UploadFileRequestSchema } from "../../../proto/mod.ts";
import { createFile, deleteFile } from "../../data/mod.ts";
import { checked, type SparkDeps } from "../deps.ts";
import { type Answer, failure, json, success } from "../http/answer.ts";
import { readFlag, requireReboot } from "../http/query.ts";
import type { SparkRequest } from "../http/request.ts";
import type { Explanations } from "../http/route.ts";
import { readPages } from "../pages.ts";
import { formatLocal } from "../view/times.ts";

/** `GET /data` */
export async function listData({ core }: SparkDeps): Promise<Answer> {
  const files = await Array.fromAsync(allFiles(core));
  return json(
    200,
    files.map(({ name }) => name),
  );
}

/** `POST /data/<prefix>` */
export async function postData(deps: SparkDeps, { path, body, contentType }: SparkRequest): Promise<Answer> {
  const { core } = deps;
  const prefix = path.name ?? "";
  const from = Date.now();
  checked(deps, UploadFileRequestSchema, {
    name: nameAt(prefix, from),
    content: { contentType: contentType ?? "", data: body },
  });
  const { name } = await createFile(core, { names: namesFrom(prefix, from), content: body, contentType });
  return json(200, { result: { filename: name } });
}

/** Response of `POST /data/<prefix>` to a name that would leave the store. */
export const POST_DATA_EXPLANATIONS: Explanations = {
  REQUEST_INVALID: (_, { path }) => failure(400, `Failed to store data file '${path.name}'.`),
};

/** `DELETE /data/<name>` */
export async function removeData({ core }: SparkDeps, { path }: SparkRequest): Promise<Answer> {
  const isDeleted = await deleteFile(core, path.name ?? "");
  return isDeleted ? success("OK") : failure(404, `Unable to delete data file '${path.name}'.`);
}

/** `PUT /data?reset=reboot` */
export async function resetData({ core }: SparkDeps, { query }: SparkRequest): Promise<Answer> {
  requireReboot(query);
  const isSync = readFlag(query, "sync", { fallback: true });
  const deleted = deleteAll(core);
  if (isSync) {
    await deleted;
    return success("Data reset");
  }
  deleted.catch((error) => core.log.error({ err: error }, "could not delete the data files"));
  return success("Data reset requested");
}

async function deleteAll(core: SparkDeps["core"]): Promise<void> {
  for await (const { name } of allFiles(core)) await deleteFile(core, name);
}

function allFiles({ dao }: SparkDeps["core"]): AsyncGenerator<File> {
  return readPages((limit, last?: File) => dao.files.list({}, { limit, after: last?.name }));
}

/** Names by a time, then by each millisecond after it. */
function* namesFrom(prefix: string, from: number): Generator<string> {
  for (let ms = from; ; ms++) yield nameAt(prefix, ms);
}

/** `<prefix>-<time>.dat` */
function nameAt(prefix: string, ms: number): string {
  return `${prefix}-${formatLocal(ms).replaceAll(":", "_")}.dat`;
}
