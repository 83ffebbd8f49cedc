/**
 * Loaded before the program of a gateway or a node, and in their threads: records input and output, with the monotonic clock of the machine.
 * Wraps functions of Node, so that Hearth itself needs no code for it.
 */
import { subscribe } from "node:diagnostics_channel";
import { writeFileSync } from "node:fs";
import { ServerResponse } from "node:http";
import { Socket } from "node:net";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Duplex, Readable, Writable } from "node:stream";
import { isMainThread, threadId } from "node:worker_threads";
import { HOPS_FOLDER, HOPS_PROGRAM, type HopRecord, isTraced } from "./records.ts";

const folder = process.env[HOPS_FOLDER];
// In a thread, the file of the thread.
if (isMainThread) process.env[HOPS_PROGRAM] = process.argv[1];
const program = process.env[HOPS_PROGRAM] ?? "";
if (folder !== undefined && isTraced(program)) recordInto(folder);

function recordInto(folder: string): void {
  const records: HopRecord[] = [];
  const note = (what: HopRecord["what"]): void => {
    records.push({ what, at: Number(process.hrtime.bigint()) });
  };

  subscribe("http.server.request.start", () => note("request"));
  before(ServerResponse.prototype, "end", () => note("answer"));
  before(Readable.prototype, "push", (stream, [chunk]) => {
    const end = chunk === null ? undefined : kindOf(stream);
    if (end !== undefined) note(`${end} in`);
  });
  before(Writable.prototype, "write", noteWrite);
  before(Duplex.prototype, "write", noteWrite);
  function noteWrite(stream: object): void {
    const end = kindOf(stream);
    if (end !== undefined) note(`${end} out`);
  }
  const { prepare } = DatabaseSync.prototype;
  DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql, ...rest) {
    const statement: StatementSync = prepare.call(this, sql, ...rest);
    if (!/^(BEGIN IMMEDIATE|COMMIT)$/.test(sql)) return statement;
    const run = statement.run.bind(statement);
    // Neither has parameters.
    statement.run = () => {
      if (sql === "COMMIT") note("commit begun");
      const result = run();
      if (sql === "COMMIT") note("committed");
      return result;
    };
    return statement;
  };
  process.on("exit", () => {
    const name = isMainThread ? process.pid : `${process.pid}-${threadId}`;
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ program, records }));
  });
}

/** Kind of a stream: the session between gateway and node, or a pipe to a sandbox. */
function kindOf(stream: object): "session" | "sandbox" | undefined {
  if (stream.constructor.name === "ClientHttp2Stream" || stream.constructor.name === "ServerHttp2Stream")
    return "session";
  const isPipe = stream instanceof Socket && stream.remotePort === undefined && "_handle" in stream;
  return isPipe && (stream._handle as object | null)?.constructor.name === "Pipe" ? "sandbox" : undefined;
}

/** Calls `look` with the object and the arguments before each call of a method. */
function before<Name extends string>(
  prototype: Record<Name, (...args: never[]) => unknown>,
  name: Name,
  look: (self: object, args: readonly unknown[]) => void,
): void {
  const method = prototype[name];
  prototype[name] = function (this: object, ...args: never[]) {
    look(this, args);
    return method.apply(this, args);
  };
}
