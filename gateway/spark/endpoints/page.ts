import { readFileSync } from "node:fs";
import type { SparkDeps } from "../deps.ts";
import { type Answer, text } from "../http/answer.ts";
import type { SparkRequest } from "../http/request.ts";

/** Policy of the page: it runs its own script, calls its own gateway, and turns no text into markup. */
const POLICY = [
  "default-src 'none'",
  "connect-src 'self'",
  "img-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS = {
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cache-control": "no-cache",
};

const PAGE = readFile("index.html", "text/html; charset=utf-8");

/** Files by their names below `/html`. */
const FILES: ReadonlyMap<string, Answer> = new Map([
  ["index.html", PAGE],
  ["page.css", readFile("page.css", "text/css; charset=utf-8")],
  ["page.js", readFile("page.js", "text/javascript; charset=utf-8")],
  ["icon.svg", readFile("icon.svg", "image/svg+xml")],
]);

/** `GET /` */
export function getPage(): Answer {
  return PAGE;
}

/** `GET /html/<file>` */
export function getPageFile(_: SparkDeps, { path }: SparkRequest): Answer {
  return FILES.get(path.file ?? "") ?? getNothing();
}

/** `GET /statusz`. spark-jobserver serves a file there, if its folder has one. */
export function getNothing(): Answer {
  return text(404, "The requested resource could not be found.");
}

function readFile(name: string, contentType: string): Answer {
  const body = readFileSync(new URL(`../ui/${name}`, import.meta.url), "utf8");
  return { status: 200, headers: { ...HEADERS, "content-type": contentType }, body };
}
