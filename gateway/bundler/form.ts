import { badUpload } from "./problem.ts";

/** A file that was sent as part of a form. */
export interface FormFile {
  readonly content: Uint8Array;
  readonly contentType: string | undefined;
}

/** Media types of single files by the extensions that authors give them. */
const TYPES_BY_EXTENSION: Readonly<Record<string, string>> = {
  ts: "application/typescript",
  mts: "application/typescript",
  cts: "application/typescript",
  js: "text/javascript",
  mjs: "text/javascript",
  cjs: "text/javascript",
  jsx: "text/jsx",
  tsx: "text/tsx",
};

/** More parts than any form with a program has. */
const MOST_PARTS = 100;

/**
 * The one file of a form (RFC 7578), as `curl -F` and web pages send it; undefined when the body is no form. Throws a BundleError when the
 * form has no file or several.
 */
export function fileOfForm(body: Uint8Array, contentType: string | undefined): FormFile | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const boundary = boundaryOf(bytes, contentType);
  if (boundary === undefined) return undefined;
  const files = [...parts(bytes, boundary)].filter(isFile);
  const [file] = files;
  if (file !== undefined && files.length === 1) return { content: file.content, contentType: typeOf(file) };
  const found = files.length === 0 ? "a form without a file" : `a form with ${files.length} files`;
  throw badUpload(
    `The upload is ${found}: send one file, or a folder as a tarball or a zip archive (\`curl -T FILE\`)`,
  );
}

interface Part {
  /** Lines of its header. */
  readonly header: string;
  readonly content: Uint8Array;
}

/** From the content type, or, when a client leaves that out, from the first line. */
function boundaryOf(body: Buffer, contentType: string | undefined): string | undefined {
  if (/^\s*multipart\/form-data\b/i.test(contentType ?? "")) {
    const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType ?? "") ?? [];
    const boundary = quoted ?? plain;
    if (boundary === undefined) throw badUpload("The content type multipart/form-data lacks its boundary");
    return boundary;
  }
  const [, first] =
    /^--(\S{1,70})\r\ncontent-disposition: form-data/i.exec(body.subarray(0, 200).toString("latin1")) ?? [];
  return first;
}

function* parts(body: Buffer, boundary: string): Generator<Part> {
  const delimiter = Buffer.from(`--${boundary}`);
  let start = body.indexOf(delimiter);
  for (let count = 0; start !== -1; count++) {
    if (count > MOST_PARTS) throw badUpload(`The upload is a form with more than ${MOST_PARTS} parts`);
    const from = start + delimiter.length;
    const end = body.indexOf(Buffer.concat([Buffer.from("\r\n"), delimiter]), from);
    const headerEnd = body.indexOf("\r\n\r\n", from);
    if (end === -1 || headerEnd === -1 || headerEnd > end) return;
    yield {
      header: body.subarray(from, headerEnd).toString("utf8"),
      content: body.subarray(headerEnd + "\r\n\r\n".length, end),
    };
    start = end + "\r\n".length;
  }
}

/** A part with the name of a file; `curl -F 'x=<file'` gives it none, only a text in a field. */
function isFile({ header }: Part): boolean {
  return /^content-disposition:.*;\s*filename\*?=/im.test(header);
}

function typeOf({ header }: Part): string | undefined {
  const [, extension = ""] = /;\s*filename="?[^"\r\n]*\.(\w+)"?/i.exec(header) ?? [];
  const [, declared] = /^content-type:\s*([^\r\n]+)/im.exec(header) ?? [];
  return TYPES_BY_EXTENSION[extension.toLowerCase()] ?? declared;
}
