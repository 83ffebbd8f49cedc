import type { DatabaseSync } from "node:sqlite";
import type { RecordReader } from "../../contract/mod.ts";
import type { Writer } from "../commits/writer.ts";

/** Dependencies of the stores. */
export interface StoreDeps {
  readonly reader: DatabaseSync;
  readonly writer: Writer;
  readonly records: RecordReader;
}
