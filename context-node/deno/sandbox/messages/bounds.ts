/** Bounds of what a sandbox sends. The sandbox keeps to them; the node ends one that does not. Lengths are in UTF-16 units. */

/** Longest JSON of a result that travels in one report; longer results travel in parts. */
export const MAX_INLINE_JSON_LENGTH = 256 * 1024;

/** Bytes of one part of a result. */
export const PART_BYTES = 64 * 1024;

/** Parts of one result that may wait for their answer. */
export const MAX_PENDING_PARTS = 8;

/** Longest text of a log line or of an error: name, message, stack, problem. A longer one is cut, with a notice. */
export const MAX_TEXT_LENGTH = 16_384;

/** Room for that notice. */
export const MAX_NOTICE_LENGTH = 128;

/** Most problems that one `validate` reports. */
export const MAX_PROBLEMS = 20;

export const MAX_PROGRESS_MESSAGE_LENGTH = 4 * 1024;

/** Longest JSON of the fields of a progress report. */
export const MAX_PROGRESS_FIELDS_LENGTH = 32 * 1024;

/** Longest name of a named object or a data file. */
export const MAX_NAME_LENGTH = 1024;

/** Most named objects of one context. */
export const MAX_OBJECTS = 10_000;

/** Data requests of one executor that may wait for their answer; further ones wait in the executor. */
export const MAX_DATA_REQUESTS = 16;

/** Data files that one executor may have open. */
export const MAX_OPEN_FILES = 64;

/** Weight, in UTF-16 units of text, at which the main isolate closes a batch of reports. */
export const BATCH_WEIGHT = 128 * 1024;

/** Most reports in one batch, and most messages in one report. */
export const MAX_IN_BATCH = 4096;

/** Longest line between sandbox and node, in bytes: a full batch and the largest report, at three bytes a character. */
export const MAX_LINE_BYTES = 4 * 1024 * 1024;

/** The last millisecond of the year 9999, the last that RFC 3339 and google.protobuf.Timestamp can say. */
export const MAX_TIME_MS = 253_402_300_799_999;
