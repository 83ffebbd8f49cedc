import type { FileSource } from "../../context-node/runtime/mod.ts";
import type { LogLine_Level, NamedObject, SqlQuery, Stage } from "../../proto/node.ts";

/** What a script is given. */
export interface ScriptedJob {
  readonly jobId: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  readonly files: FileSource;
  /** Text of the bundle, or of the jars of the class path together. */
  readonly bundle: string;
  /** What runs instead of a binary. */
  readonly query: SqlQuery | undefined;
  /** The named objects of the sandbox. */
  readonly objects: Map<string, unknown>;
  progress(fraction: number, message?: string, fields?: Record<string, unknown>, stages?: Stage[]): void;
  log(text: string, level?: LogLine_Level): void;
}

/** An entry point: it returns the result or throws the job's error. */
export interface Script {
  /** Returns the problems of a config; `run` is called if the list is empty. */
  validate?(config: Readonly<Record<string, unknown>>): string[];
  run(job: ScriptedJob): unknown;
}

/** Returned by a script to stand for what a program that meddles with JSON.stringify would send. */
export class RawResult {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Returned by a script that makes its result piece by piece. */
export class StreamedResult {
  readonly mediaType: string;
  readonly content: AsyncIterable<string>;
  constructor(mediaType: string, content: AsyncIterable<string>) {
    this.mediaType = mediaType;
    this.content = content;
  }
}

/** Kept by a script as a named object that is shown as this. */
export class ShownObject {
  readonly shown: Partial<NamedObject>;
  constructor(shown: Partial<NamedObject>) {
    this.shown = shown;
  }
}
