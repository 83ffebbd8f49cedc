/** Limits of messages between sandbox and node. The sandbox observes them; the node kills a sandbox that exceeds them. Lengths are in UTF-16 units. */

/** Maximum length of a result's JSON in one report; longer results are sent in parts. */
export const MAX_INLINE_JSON_LENGTH = 256 * 1024;

/** Maximum size of one part of a result, in bytes. */
export const PART_BYTES = 64 * 1024;

/** Maximum number of unacknowledged parts of one result. */
export const MAX_PENDING_PARTS = 8;

/** Maximum length of a log line, and of an error's name, message, stack or problem. A longer text is cut, with a notice. */
export const MAX_TEXT_LENGTH = 16_384;

/** Maximum length of that notice. */
export const MAX_NOTICE_LENGTH = 128;

/** Maximum number of problems that one `validate` reports. */
export const MAX_PROBLEMS = 20;

export const MAX_PROGRESS_MESSAGE_LENGTH = 4 * 1024;

/** Maximum length of the JSON of a progress report's fields. */
export const MAX_PROGRESS_FIELDS_LENGTH = 32 * 1024;

/** Maximum length of the name of a named object or a data file. */
export const MAX_NAME_LENGTH = 1024;

/** Maximum number of named objects of one context. */
export const MAX_OBJECTS = 10_000;

/** Maximum number of pending data requests of one executor; further requests wait in the executor. */
export const MAX_DATA_REQUESTS = 16;

/** Maximum number of open data files of one executor. */
export const MAX_OPEN_FILES = 64;

/** Weight at which the main isolate closes a batch of reports, in UTF-16 units of text. */
export const BATCH_WEIGHT = 128 * 1024;

/** Maximum number of reports in one batch, and of messages in one report. */
export const MAX_IN_BATCH = 4096;

/** Maximum length of a line between sandbox and node, in bytes: a full batch and the largest report, at three bytes per character. */
export const MAX_LINE_BYTES = 4 * 1024 * 1024;

/** The last millisecond of the year 9999, the last that RFC 3339 and google.protobuf.Timestamp can represent. */
export const MAX_TIME_MS = 253_402_300_799_999;
