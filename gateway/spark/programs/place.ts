import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { programUriInvalid } from "../../../proto/errors.ts";

/** A program to fetch. `name` is the name of the binary that stores it. */
export type RemotePlace = { readonly uri: string; readonly name: string } & (
  | { readonly type: "web"; readonly url: URL }
  | { readonly type: "file"; readonly path: string }
  | { readonly type: "ftp" }
);

/** The place of a program that an element of a class path names. */
export type Place = { readonly type: "binary"; readonly name: string } | RemotePlace;

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;

/**
 * Parses an element of a class path: the name of a binary, or a URI that spark-jobserver accepts; `local:` is `file:`. Throws the API
 * error for a place that nothing can be loaded from.
 */
export function parsePlace(element: string): Place {
  const [, scheme] = SCHEME.exec(element) ?? [];
  if (scheme === undefined) return { type: "binary", name: element };
  switch (scheme.toLowerCase()) {
    case "http":
    case "https": {
      const url = parseUrl(element, element);
      return { type: "web", uri: element, name: nameOf(url), url };
    }
    case "file":
    case "local": {
      const url = parseUrl(element, element.replace(SCHEME, "file:"));
      return { type: "file", uri: element, name: nameOf(url), path: pathOf(element, url) };
    }
    case "ftp":
      return { type: "ftp", uri: element, name: nameOf(parseUrl(element, element)) };
    default:
      throw programUriInvalid(element, `unknown protocol: ${scheme}`);
  }
}

function parseUrl(uri: string, text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw programUriInvalid(uri, "no URL");
  return url;
}

function pathOf(uri: string, url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    // The URI names another host, or hides a slash in percent-encoding.
    throw programUriInvalid(uri, error instanceof Error ? error.message : String(error));
  }
}

/** The end of the path, for people, and a digest of the whole URI, for uniqueness. */
function nameOf({ href, pathname }: URL): string {
  const end = pathname.slice(pathname.lastIndexOf("/") + 1).replaceAll(/[^A-Za-z0-9._-]/g, "-");
  const digest = createHash("sha256").update(href).digest("hex").slice(0, 16);
  return `${end.replace(/^[._-]+/, "").slice(0, 100) || "program"}~${digest}`;
}
