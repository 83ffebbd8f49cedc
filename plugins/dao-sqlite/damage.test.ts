import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "vitest";
import { checkDamagedRecords } from "../../test/contract/damaged_records.ts";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import sqlite from "./mod.ts";

test("records that cannot be read are left out of lists and logged once", async () => {
  await using directory = await createTemporaryDirectory();
  const path = join(directory.path, "hearth.db");
  const logged: string[] = [];
  const log = { info() {}, warn: (message: string) => void logged.push(message) };
  await using dao = await sqlite.start({ config: { path }, log, signal: new AbortController().signal });
  await checkDamagedRecords(dao, {
    logged,
    async damage(table, where, message) {
      using database = new DatabaseSync(path);
      database.prepare(`UPDATE ${table} SET message = ? WHERE ${where}`).run(message);
    },
  });
});
