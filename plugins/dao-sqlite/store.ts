import type { DatabaseSync } from "node:sqlite";
import type { RecordReader } from "../contract/mod.ts";
import type { Writer } from "./writer.ts";

/** What each store of the database works with. */
export interface StoreDeps {
  readonly reader: DatabaseSync;
  readonly writer: Writer;
  readonly records: RecordReader;
}
