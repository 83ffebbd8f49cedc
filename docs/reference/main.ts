/** Writes `docs/configuration.md`. With `--check` compares it instead. */
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { printPage } from "./page.ts";
import { readSources } from "./sources.ts";

const PAGE = resolve(import.meta.dirname, "../configuration.md");

const text = printPage(await readSources());
if (!process.argv.includes("--check")) await writeFile(PAGE, text);
else if ((await readFile(PAGE, "utf8")) !== text) {
  console.error(
    "docs/configuration.md is not what the schemas of the configuration say: run `npm run generate` and commit it",
  );
  process.exitCode = 1;
}
