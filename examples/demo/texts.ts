import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** A text to count the words of. */
export interface Text {
  readonly name: string;
  readonly content: string;
}

/** The README and LICENSE files of the installed packages, joined by first letter. */
export async function readPackageTexts(root: string): Promise<Text[]> {
  const paths = globSync("node_modules/**/{README,Readme,readme,LICENSE,License,license}*", {
    cwd: root,
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const byLetter = Map.groupBy(paths, (path) => /node_modules\/@?(.)/.exec(path)?.[1]?.toLowerCase() ?? "_");
  return Promise.all(
    [...byLetter].map(async ([letter, files]) => ({
      name: `packages/${letter}.txt`,
      content: (await Promise.all(files.map((file) => readFile(file, "utf8")))).join("\n"),
    })),
  );
}
