import { posix } from "node:path";
import type { Message } from "esbuild-wasm";

/** The call in esbuild's warning, with `*` and `**` for the computed parts of a template or concatenation. */
const PATTERN = /\b(?:import|require)\("(.*)"\)/;

/**
 * Converts warnings about import patterns that match no file of the upload to problems. Omits `require()` in dependencies: it fails at run
 * time, like one of a missing package.
 */
export function unmatchedPatterns(warnings: readonly Message[]): Message[] {
  return warnings
    .filter(({ id, text, location }) => {
      if (id !== "empty-glob") return false;
      return !(text.includes(" require(") && location?.file.includes("node_modules/"));
    })
    .map((warning) => ({ ...warning, text: whyUnmatched(warning) }));
}

function whyUnmatched({ text, location }: Message): string {
  const [call = text, pattern = ""] = PATTERN.exec(text) ?? [];
  const folder = posix.join(posix.dirname(location?.file ?? ""), pattern.slice(0, pattern.search(/[^/]*\*/)));
  const why = folder.startsWith("../")
    ? "the pattern leaves the upload; put the files into it"
    : "no file of the upload matches";
  return `Cannot bundle ${call}: ${why}`;
}
