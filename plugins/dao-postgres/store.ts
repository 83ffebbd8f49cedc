import type { RecordReader } from "../contract/mod.ts";
import type { Reader } from "./database.ts";
import type { Writer } from "./writer.ts";

/** What each store of the database works with. */
export interface StoreDeps {
  readonly reader: Reader;
  readonly writer: Writer;
  readonly records: RecordReader;
}
