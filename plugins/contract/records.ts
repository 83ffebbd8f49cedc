import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { findUnwritable, type LogLine, LogLineSchema } from "../../proto/mod.ts";
import type { PluginLog } from "./plugin.ts";

/** A stored record cannot be read: it is damaged, or was changed by another program. Retrying does not help. */
export class UnreadableRecord extends Error {
  override readonly name = "UnreadableRecord";
}

/** Compares by name: a plugin may bring its own copy of the contract. */
export function isUnreadableRecord(error: unknown): error is UnreadableRecord {
  return error instanceof Error && error.name === "UnreadableRecord";
}

/** `record` names the record: `job "0190…"`. */
function unreadable(record: string, why: string, cause?: unknown): UnreadableRecord {
  return new UnreadableRecord(`Cannot read ${record} from the store: ${why}`, { cause });
}

/** Decodes a stored message. Throws an UnreadableRecord for other bytes, and for a message without a JSON form. */
export function readRecord<Desc extends DescMessage>(desc: Desc, bytes: unknown, record: string): MessageShape<Desc> {
  const message = decode(desc, bytes, record);
  const unwritable = findUnwritable(desc, message);
  if (unwritable === undefined) return message;
  throw unreadable(record, `${unwritable.path} ${unwritable.why}`);
}

/** As `readRecord`. A line with an invalid time has none. */
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

/** Most damaged records that are remembered as logged. */
const MOST_LOGGED = 1000;

/** Skips records that cannot be read, and logs each once. */
export interface RecordReader {
  /** Undefined for a record that is skipped. */
  tryRead<Value>(read: () => Value): Value | undefined;
  /** Reads a page of records, with further rows in place of skipped ones, so that only the last page is short. */
  readPage<Row, Value, Key>(pages: RecordPages<Row, Value, Key>): Promise<Value[]>;
}

interface RecordPages<Row, Value, Key> {
  readonly limit: number;
  /** Start of the page. */
  readonly from: Key;
  /** Reads up to `limit` rows after a key. */
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
    log.warn(`${message}; skipping it`);
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
