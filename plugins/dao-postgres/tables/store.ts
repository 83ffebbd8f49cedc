import type { RecordReader } from "../../contract/mod.ts";
import type { Writer } from "../commits/writer.ts";
import type { Reader } from "../database.ts";

/** Dependencies of the stores. */
export interface StoreDeps {
  readonly reader: Reader;
  readonly writer: Writer;
  readonly records: RecordReader;
}
