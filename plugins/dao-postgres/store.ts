import type { RecordReader } from "../contract/mod.ts";
import type { Reader } from "./database.ts";
import type { Writer } from "./writer.ts";

/** Dependencies of the stores. */
export interface StoreDeps {
  readonly reader: Reader;
  readonly writer: Writer;
  readonly records: RecordReader;
}
