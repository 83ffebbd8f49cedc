/** The accepted uploads; ends messages about other content. */
export const ACCEPTED_UPLOADS =
  "upload one .ts or .js file, or a folder as a tarball (`npm pack`, `tar -czf`) or as a zip archive, or a jar, as the body itself (`curl -T FILE`)";

/** First bytes of other file types. */
const SIGNATURES: readonly [kind: string, signature: Buffer, offset?: number][] = [
  ["compressed with zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ["compressed with xz", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a])],
  ["compressed with bzip2", Buffer.from("BZh")],
  ["a 7z archive", Buffer.from([0x37, 0x7a, 0xbc, 0xaf])],
  ["a RAR archive", Buffer.from("Rar!")],
  ["a part of a zip archive that was split", Buffer.from("PK\u0007\u0008")],
  ["UTF-16 text (save it as UTF-8)", Buffer.from([0xff, 0xfe])],
  ["UTF-16 text (save it as UTF-8)", Buffer.from([0xfe, 0xff])],
  ["a native program", Buffer.from("\u007fELF")],
  ["a native program", Buffer.from([0xcf, 0xfa, 0xed, 0xfe])],
  ["a native program", Buffer.from("MZ")],
  ["a Java class", Buffer.from([0xca, 0xfe, 0xba, 0xbe])],
  ["a WebAssembly module", Buffer.from("\0asm")],
  ["a PNG image", Buffer.from([0x89, 0x50, 0x4e, 0x47])],
  ["a JPEG image", Buffer.from([0xff, 0xd8, 0xff])],
  ["a GIF image", Buffer.from("GIF8")],
  ["a WebP image", Buffer.from("WEBP"), 8],
  ["a PDF document", Buffer.from("%PDF-")],
  ["an SQLite database", Buffer.from("SQLite format 3\0")],
  ["a Parquet file", Buffer.from("PAR1")],
];

/** The kind of binary content by its first bytes. Text may begin with `MZ`, `BZh` and the like, too. */
export function binaryKind(content: Uint8Array): string | undefined {
  const known = SIGNATURES.find(([, signature, offset = 0]) =>
    signature.equals(content.subarray(offset, offset + signature.length)),
  );
  return known?.[0];
}

/** Unambiguous beginnings of texts; used for texts that are not a program. */
const TEXT_KINDS: readonly [kind: string, pattern: RegExp][] = [
  ["an HTML page", /^(?:<!--[\s\S]*?-->\s*)?<(?:!doctype html|html|head|body)\b/i],
  ["an XML document", /^<\?xml\b/],
  ["a Python program", /^#!.*\bpython/],
  ["a shell script", /^#!.*\b(?:ba|da|z|k)?sh\b/],
  ["a form, as `curl -F` sends it", /^--\S+\r\ncontent-disposition: form-data/i],
  ["a PEM file", /^-----BEGIN /],
];

/** Statements of a JavaScript or TypeScript module that other languages lack. Shells export, and Go and Python import. */
const MODULE_LINE =
  /(?:^|[;}])[ \t]*(?:export[ \t]+(?:default|const|let|var|function|async|abstract|class|interface|type|(?:const[ \t]+)?enum|namespace|declare|import|=|\*|\{)|export\{|import[ \t]+(?:type[ \t]+)?(?:[{*]|[\w$]+(?:,[^\n]*)?[ \t]+from[ \t]*["']|[\w$]+ = require\()|import\{|module\.exports\b|exports\.[\w$]+ *=)/m;

/** Words and lines of other languages; a program with an error may look like these, too. */
const LANGUAGES: readonly [kind: string, pattern: RegExp][] = [
  [
    "a Dockerfile",
    /^(?:[ \t]*(?:#.*|ARG .*)?\n)*[ \t]*FROM \S+(?: AS \S+)?[ \t]*\n[\s\S]*^(?:RUN|CMD|COPY|ENTRYPOINT|ENV|WORKDIR|ADD)\s/im,
  ],
  [
    "a Python program",
    /^(?:from [\w.]+ import [\w*(]|import [\w.]+(?: as \w+)?\s*$|(?:async )?def \w+\(.*\).*:\s*$|class \w+(?:\(.*\))?:\s*$|if __name__ ==|print\(.*\)\s*$)/m,
  ],
  [
    "Java, Scala or Kotlin source",
    /^(?:package|import) [\w.]+(?:\.[\w*{_]+);?\s*$|^\s*(?:public (?:final )?class|object|trait|case class) \w+/m,
  ],
  ["Go source", /^package \w+\s*$/m],
  [
    "a stylesheet",
    /^(?:@charset|@import url|(?:[.#:*][\w-]*|@(?:font-face|media|page|supports|layer|use)|(?:html|body|main|header|footer|nav|section|article|div|span|p|a|h[1-6]|[uo]l|li|table|t[rdh]|img|input|button|form|label|pre|code)\b)(?:[ ,>.#:[(][^{};]*)?\{\s*(?:[\w-]+\s*:[^;{}]+;\s*)+\})/,
  ],
];

/** The likely kind of a text that is not a program; undefined if it is unclear. */
export function textKind(content: Uint8Array): string | undefined {
  const text = Buffer.from(content)
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .trim();
  if (isJson(text))
    return /"(?:dependencies|scripts|exports)"\s*:/.test(text) ? "a package.json (pack its folder)" : "JSON";
  const head = text.slice(0, 4096).replaceAll("\r\n", "\n");
  const sure = TEXT_KINDS.find(([, pattern]) => pattern.test(head))?.[0];
  if (sure !== undefined || isModule(text)) return sure;
  const code = head.replace(/\/\*[\s\S]*?(?:\*\/|(?![\s\S]))|^[ \t]*\/\/.*/gm, "").trimStart();
  return LANGUAGES.find(([, pattern]) => pattern.test(code))?.[0] ?? binaryKind(content) ?? encodedKind(text);
}

/** Whether a text exports or imports like a module. It may still have errors. */
export function isModule(text: string): boolean {
  return MODULE_LINE.test(text);
}

/** The name of a jar in the result of `zipKind`. */
export const JAVA_ARCHIVE = "a Java archive";

/** The kind of a zip archive without a Hearth program, by the names in it. */
export function zipKind(names: Iterable<string>): string | undefined {
  for (const name of names) {
    if (name === "META-INF/MANIFEST.MF" || name.endsWith(".class")) {
      return JAVA_ARCHIVE;
    }
    if (/^EGG-INFO\/|^[^/]+\.dist-info\//.test(name)) return "a Python package";
    if (name === "[Content_Types].xml") return "an Office document";
  }
  return undefined;
}

function isJson(text: string): boolean {
  if (!/^[[{"]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    // A SyntaxError: it is not JSON.
    return false;
  }
}

/** Base64, as in a `data:` URL or from a client that encodes bytes for JSON. */
function encodedKind(text: string): string | undefined {
  const base64 = text.replace(/^data:[^,]*;base64,/, "");
  return base64.length >= 32 && /^[A-Za-z0-9+/_\s-]+={0,2}$/.test(base64) && !/[ \t]/.test(base64)
    ? "base64 text (send the bytes that it stands for)"
    : undefined;
}
