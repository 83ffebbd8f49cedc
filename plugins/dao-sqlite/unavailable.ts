import { type StoreState, StoreUnavailable } from "../contract/mod.ts";

/** Result codes of SQLite (https://www.sqlite.org/rescode.html), without extensions, that are no fault of Hearth. */
const STATES: Readonly<Record<number, StoreState>> = {
  3: "denied",
  5: "busy",
  6: "busy",
  7: "busy",
  8: "readOnly",
  // Also a quota, and the limit of a file's size.
  10: "failing",
  13: "full",
  14: "away",
  15: "busy",
};

const PRIMARY_CODE = 0xff;

/** SQLite's code of an error; undefined for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode : undefined;
}

/** The state of a store by a code of SQLite, with or without its extension. Undefined for bugs. */
export function storeStateOf(code: number | undefined): StoreState | undefined {
  return code === undefined ? undefined : STATES[code & PRIMARY_CODE];
}

/** The error of a statement: for a database that cannot be used now, or for a bug. `verb` names the operation. */
export function databaseFault(
  path: string,
  verb: string,
  cause: { readonly message: string; readonly code?: number | undefined },
): Error {
  const message = `Cannot ${verb} database "${path}": ${cause.message}`;
  const state = storeStateOf(cause.code);
  return state === undefined ? new Error(message, { cause }) : new StoreUnavailable(state, message, { cause });
}

/** Maps an error of SQLite to the rejection of a store. Any other error is returned unchanged. */
export function sqliteFault(path: string, error: unknown): unknown {
  const code = sqliteCode(error);
  return code === undefined ? error : databaseFault(path, "read", Object.assign(error as Error, { code }));
}
