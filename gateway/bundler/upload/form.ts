import { badUpload } from "../problem.ts";

/** A file in a form. */
interface FormFile {
  readonly content: Uint8Array;
  readonly contentType: string | undefined;
}

/** Media types of single files by extension. */
const TYPES_BY_EXTENSION: ReadonlyMap<string, string> = new Map([
  ["ts", "application/typescript"],
  ["mts", "application/typescript"],
  ["cts", "application/typescript"],
  ["js", "text/javascript"],
  ["mjs", "text/javascript"],
  ["cjs", "text/javascript"],
  ["jsx", "text/jsx"],
  ["tsx", "text/tsx"],
]);

/** Maximum number of parts; a form with a program has fewer. */
const MOST_PARTS = 100;

/** Maximum size of the header of a part, in bytes. */
const MOST_HEADER_BYTES = 8192;

/** Maximum length of a boundary, in characters: RFC 2046, section 5.1.1. */
const MOST_BOUNDARY_CHARACTERS = 70;

/**
 * The one file of a form (RFC 7578), as `curl -F` and web pages send it; undefined if the body is not a form. Throws a BundleError if the
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
  /** Parameters of `content-disposition`, by lower-case name. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly contentType: string | undefined;
  readonly content: Uint8Array;
}

/** The boundary from the content type, or, if it lacks one, from the first line. */
function boundaryOf(body: Buffer, contentType: string | undefined): string | undefined {
  if (/^\s*multipart\/form-data\b/i.test(contentType ?? "")) {
    const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType ?? "") ?? [];
    const boundary = quoted ?? plain;
    if (boundary === undefined) throw badUpload("The content type multipart/form-data lacks its boundary");
    if (boundary.length > MOST_BOUNDARY_CHARACTERS)
      throw badUpload(`The boundary of multipart/form-data is longer than ${MOST_BOUNDARY_CHARACTERS} characters`);
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
    if (end === -1) return;
    // An empty part may share the end of its header with the delimiter.
    const headerBytes = body.subarray(from, Math.min(end + 2, from + MOST_HEADER_BYTES)).indexOf("\r\n\r\n");
    if (headerBytes === -1 && end - from > MOST_HEADER_BYTES)
      throw badUpload(`The upload is a form with a part whose header has more than ${MOST_HEADER_BYTES} bytes`);
    if (headerBytes === -1) return;
    const header = body.subarray(from, from + headerBytes).toString("utf8");
    yield { ...readHeader(header), content: body.subarray(from + headerBytes + "\r\n\r\n".length, end) };
    start = end + "\r\n".length;
  }
}

function readHeader(header: string): Omit<Part, "content"> {
  const lines = header.split("\r\n");
  const field = (name: string) =>
    lines
      .find((line) => line.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  const disposition = field("content-disposition") ?? "";
  const parameters = disposition.matchAll(/;\s*([^\s=;"]+)=(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^;]*))|"[^"]*"/g);
  return {
    parameters: new Map(
      [...parameters].flatMap(([, name, quoted, plain]) =>
        name === undefined ? [] : [[name.toLowerCase(), quoted ?? plain ?? ""] as const],
      ),
    ),
    contentType: field("content-type"),
  };
}

function fileName({ parameters }: Part): string | undefined {
  return parameters.get("filename*") ?? parameters.get("filename");
}

/**
 * Whether a part has a file name; `curl -F 'x=<file'` sends a plain text field. Browsers send an empty name and no content for a field
 * without a chosen file.
 */
function isFile(part: Part): boolean {
  const name = fileName(part);
  return name !== undefined && !(name === "" && part.content.length === 0);
}

function typeOf(part: Part): string | undefined {
  const [, extension = ""] = /\.(\w+)$/.exec(fileName(part)?.trim() ?? "") ?? [];
  return TYPES_BY_EXTENSION.get(extension.toLowerCase()) ?? part.contentType;
}
