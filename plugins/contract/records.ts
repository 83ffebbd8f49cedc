import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { findUnwritable, type LogLine, LogLineSchema } from "../../proto/mod.ts";
import type { PluginLog } from "./plugin.ts";

/** What is stored cannot be read: it is damaged, or was changed by another program. Reading it again does not help. */
export class UnreadableRecord extends Error {
  override readonly name = "UnreadableRecord";
}

/** By name: a plugin may come with a contract of its own. */
export function isUnreadableRecord(error: unknown): error is UnreadableRecord {
  return error instanceof Error && error.name === "UnreadableRecord";
}

/** `record` names it: `job "0190…"`. */
function unreadable(record: string, why: string, cause?: unknown): UnreadableRecord {
  return new UnreadableRecord(`Cannot read ${record} from the store: ${why}`, { cause });
}

/** Decodes what a DAO stored. Throws an UnreadableRecord for other bytes, and for a message that JSON has no form for. */
export function readRecord<Desc extends DescMessage>(desc: Desc, bytes: unknown, record: string): MessageShape<Desc> {
  const message = decode(desc, bytes, record);
  const unwritable = findUnwritable(desc, message);
  if (unwritable === undefined) return message;
  throw unreadable(record, `${unwritable.path} ${unwritable.why}`);
}

/** As `readRecord`; a line whose time cannot be read has none. */
export function readLogLine(bytes: unknown, record: string): LogLine {
  const line = decode(LogLineSchema, bytes, record);
  if (findUnwritable(LogLineSchema, line) !== undefined) delete line.time;
  return line;
}

function decode<Desc extends DescMessage>(desc: Desc, bytes: unknown, record: string): MessageShape<Desc> {
  if (!(bytes instanceof Uint8Array)) throw unreadable(record, "it holds no bytes");
  try {
    return fromBinary(desc, bytes);
  } catch (error) {
    throw unreadable(record, error instanceof Error ? error.message : String(error), error);
  }
}

/** Records whose faults were logged already, at most. */
const MOST_LOGGED = 1000;

/** How a list treats a record that cannot be read: leaves it out, and logs that once. */
export interface RecordReader {
  /** Undefined for a record that is left out. */
  tryRead<Value>(read: () => Value): Value | undefined;
  /** Reads a page of records: more rows in the place of those that are left out, so only the last page is short. */
  readPage<Row, Value, Key>(pages: RecordPages<Row, Value, Key>): Promise<Value[]>;
}

interface RecordPages<Row, Value, Key> {
  readonly limit: number;
  /** Where the page begins. */
  readonly from: Key;
  /** The rows behind a key, as many as the limit at most. */
  rows(from: Key, limit: number): readonly Row[] | Promise<readonly Row[]>;
  keyOf(row: Row): Key;
  /** Throws an UnreadableRecord. */
  read(row: Row): Value;
}

export function createRecordReader(log: Pick<PluginLog, "warn">): RecordReader {
  const logged = new Set<string>();

  function leaveOut({ message }: UnreadableRecord): void {
    if (logged.has(message)) return;
    if (logged.size >= MOST_LOGGED) logged.clear();
    logged.add(message);
    log.warn(`${message}; it is left out`);
  }

  function tryRead<Value>(read: () => Value): Value | undefined {
    try {
      return read();
    } catch (error) {
      if (!isUnreadableRecord(error)) throw error;
      leaveOut(error);
      return undefined;
    }
  }

  return {
    tryRead,
    async readPage({ limit, from, rows, keyOf, read }) {
      const values: ReturnType<typeof read>[] = [];
      for (let key = from; ; ) {
        const wanted = limit - values.length;
        const found = await rows(key, wanted);
        for (const row of found) {
          const value = tryRead(() => read(row));
          if (value !== undefined) values.push(value);
        }
        const last = found.at(-1);
        if (last === undefined || found.length < wanted || values.length >= limit) return values;
        key = keyOf(last);
      }
    },
  };
}
