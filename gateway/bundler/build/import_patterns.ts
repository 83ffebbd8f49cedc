import { posix } from "node:path";
import type { Message } from "esbuild-wasm";

/** How esbuild names a call whose argument is a template or joined texts: `*` and `**` stand for what is computed. */
const PATTERN = /\b(?:import|require)\("(.*)"\)/;

/**
 * The warnings about import patterns that match no file of the upload, as problems. `require()` in a dependency is left out: it fails when
 * it runs, as one of a package that is missing does.
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
