import type { Binary } from "../../../proto/mod.ts";
import { deleteBinary, findBinary } from "../../binaries/mod.ts";
import type { SparkDeps } from "../deps.ts";
import { type Answer, failure, json, success } from "../http/answer.ts";
import type { SparkRequest } from "../http/request.ts";
import type { Explanations } from "../http/route.ts";
import { readPages } from "../pages.ts";
import { localTime, utcTime } from "../view/times.ts";
import { typeName, uploadTyped, uploadUntyped } from "./uploads.ts";

/** `GET /binaries` */
export async function listBinaries(deps: SparkDeps): Promise<Answer> {
  const binaries = await allBinaries(deps);
  return json(200, Object.fromEntries(binaries.map((binary) => [binary.name, describe(binary)])));
}

/** `GET /binaries/<app>` */
export async function getBinary({ core }: SparkDeps, { path }: SparkRequest): Promise<Answer> {
  const binary = await findBinary(core, path.app ?? "");
  return json(200, { "app-name": path.app, ...describe(binary) });
}

/** `POST /binaries/<app>` */
export async function postBinary(deps: SparkDeps, request: SparkRequest): Promise<Answer> {
  await uploadTyped(deps, request);
  return { ...success(), status: 201 };
}

/** `DELETE /binaries/<app>` */
export async function removeBinary({ core, authorization }: SparkDeps, { path }: SparkRequest): Promise<Answer> {
  await deleteBinary(core, path.app ?? "", authorization);
  return success();
}

/** `GET /jars` */
export async function listJars(deps: SparkDeps): Promise<Answer> {
  const binaries = await allBinaries(deps);
  return json(200, Object.fromEntries(binaries.map(({ name, createTime }) => [name, localTime(createTime)])));
}

/** `POST /jars/<app>` */
export async function postJar(deps: SparkDeps, request: SparkRequest): Promise<Answer> {
  await uploadUntyped(deps, request);
  return success("Jar uploaded");
}

/** Response of `GET /binaries/<app>` when there is no such binary. */
export const GET_BINARY_EXPLANATIONS: Explanations = {
  BINARY_NOT_FOUND: (_, { path }) => failure(404, `Can't find binary with name ${path.app}`),
  BINARY_NAME_INVALID: (_, { path }) => failure(404, `Can't find binary with name ${path.app}`),
};

/** Response of `DELETE /binaries/<app>` when nothing was deleted. The lower case is spark-jobserver's. */
export const REMOVE_BINARY_EXPLANATIONS: Explanations = {
  BINARY_NOT_FOUND: (_, { path }) => failure(404, `can't find binary with name ${path.app}`),
  BINARY_NAME_INVALID: (_, { path }) => failure(404, `can't find binary with name ${path.app}`),
  BINARY_IN_USE: ({ metadata }) => failure(403, `Binary is in use by job(s): ${metadata.jobs?.replaceAll(",", ", ")}`),
};

async function allBinaries({ core, authorization }: SparkDeps): Promise<Binary[]> {
  const pages = readPages((limit, last?: Binary) => core.dao.binaries.list({ limit, after: last?.name }));
  return (await Array.fromAsync(pages)).filter(({ name: binary }) => authorization.covers({ binary }));
}

function describe(binary: Binary) {
  return { "binary-type": typeName(binary), "upload-time": utcTime(binary.createTime) };
}
