import { type Binary, Binary_Type, UploadBinaryRequestSchema } from "../../../proto/mod.ts";
import { uploadBinary } from "../../binaries/mod.ts";
import { isArchive, isJar } from "../../bundler/mod.ts";
import { checked, type SparkDeps } from "../deps.ts";
import { failure, Rejection } from "../http/answer.ts";
import type { SparkRequest } from "../http/request.ts";
import type { Explanations } from "../http/route.ts";
import { isProgram } from "../programs/mod.ts";

const WRONG_FORMAT = "Binary is not of the right format";

const FILE_TYPES = new Set(["application/typescript", "text/typescript", "application/javascript", "text/javascript"]);

const ARCHIVE_TYPES = new Set([
  "application/gzip",
  "application/octet-stream",
  "application/x-gzip",
  "application/x-tar",
  "application/x-zip-compressed",
  "application/zip",
]);

const FORM_TYPE = "multipart/form-data";

const JAR_TYPE = "application/java-archive";

/** Content types that spark-jobserver's clients send. Accepted when the bytes are a program that Hearth runs. */
const FOREIGN_TYPES = new Set([
  JAR_TYPE,
  "application/python-archive",
  "application/python-egg",
  "application/python-wheel",
]);

/** Stores an upload of a declared content type. Of a form, the upload is its file. */
export async function uploadTyped(deps: SparkDeps, request: SparkRequest): Promise<Binary> {
  const mediaType = mediaTypeOf(request.contentType);
  if (mediaType === FORM_TYPE) return upload(deps, request, request.contentType);
  const isOctets = mediaType === "application/octet-stream" && !isArchive(request.body) && !isJar(request.body);
  const isForeign = FOREIGN_TYPES.has(mediaType) && !isProgram(request.body);
  const isKnown = FILE_TYPES.has(mediaType) || ARCHIVE_TYPES.has(mediaType) || FOREIGN_TYPES.has(mediaType);
  if (isForeign && mediaType === JAR_TYPE) throw new Rejection(failure(400, WRONG_FORMAT));
  if (!isKnown || isOctets || isForeign) {
    throw new Rejection(failure(415, `Unsupported binary type ${mediaType}`));
  }
  return upload(deps, request, FOREIGN_TYPES.has(mediaType) ? undefined : mediaType);
}

/** Stores an upload by its bytes, regardless of its content type. */
export function uploadUntyped(deps: SparkDeps, request: SparkRequest): Promise<Binary> {
  const isForm = mediaTypeOf(request.contentType) === FORM_TYPE;
  return upload(deps, request, isForm ? request.contentType : undefined);
}

/** Responses to uploads that are refused, by reason. */
export const UPLOAD_EXPLANATIONS: Explanations = {
  BINARY_NOT_BUNDLED: ({ message, metadata }) => {
    const why = message.replace(`Cannot bundle binary "${metadata.binary}": `, "");
    return failure(400, `${WRONG_FORMAT}: ${why}`);
  },
  JAR_NOT_READ: ({ message, metadata }) => {
    const why = message.replace(`Cannot read jar "${metadata.binary}": `, "");
    return failure(400, `${WRONG_FORMAT}: ${why}`);
  },
};

/** Type of a binary as lists show it. */
export function typeName({ type }: Binary): string {
  if (type === Binary_Type.JAR) return "Jar";
  return type === Binary_Type.NPM ? "Npm" : "TypeScript";
}

async function upload(
  { core, validator }: SparkDeps,
  { path, body, signal }: SparkRequest,
  contentType: string | undefined,
): Promise<Binary> {
  const content = { contentType: contentType ?? "", data: body };
  const { name } = checked({ validator }, UploadBinaryRequestSchema, { name: path.app ?? "", content });
  const isForm = contentType !== undefined && mediaTypeOf(contentType) === FORM_TYPE;
  if (body.length === 0 || !(isForm || isProgram(body))) throw new Rejection(failure(400, WRONG_FORMAT));
  return uploadBinary(core, { name, content: body, contentType, signal });
}

function mediaTypeOf(contentType = "application/octet-stream"): string {
  return contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
