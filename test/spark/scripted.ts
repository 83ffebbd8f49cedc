import type { Application } from "../../context-node/runtime/mod.ts";
import { type SqlQuery, SqlQuery_Format, Stage, Stage_State } from "../../proto/node.ts";
import { type Script, type ScriptedJob, ShownObject, StreamedResult } from "../node/script.ts";
import { rejection } from "../node/standard_scripts.ts";
import { until } from "../until.ts";

/** What every scripted Spark context belongs to. */
export const APPLICATION: Application = { id: "local-1700000000000", uiUrl: "http://127.0.0.1:4040" };

/** What Spark throws for a statement that it cannot read. */
class ParseException extends Error {
  override readonly name = "org.apache.spark.sql.catalyst.parser.ParseException";
}

/** Statements of the scripted Spark, by their first words. */
const STATEMENTS: Readonly<Record<string, (job: ScriptedJob, query: SqlQuery, words: string[]) => unknown>> = {
  /** `RANGE n [size]`: n rows, each with a text of that size. */
  RANGE: (_job, query, [, count, size = "0"]) => rows(query, { count: Number(count), size: Number(size) }),
  /** The parameters, as one row. */
  PARAMETERS: (_job, query) =>
    print(
      query,
      (async function* () {
        yield query.parameters;
      })(),
    ),
  /** Answers nothing, until its signal is aborted. */
  WAIT: ({ signal }) => rejection(signal),
  /** Begins its result, and goes on with it when its signal is aborted. */
  BEGIN: ({ signal }, query) =>
    print(
      query,
      (async function* () {
        yield { begun: true };
        await rejection(signal);
      })(),
    ),
  /** Returns nothing. */
  NOTHING: () => undefined,
  /** `THROW name`: throws an error of that name. */
  THROW(_job, _query, [, name]) {
    throw Object.assign(new Error("as the statement says"), { name });
  },
  /** `BREAK file`: breaks off after its first row, once there is a data file of that name. */
  BREAK: ({ files }, query, [, file = ""]) =>
    print(
      query,
      (async function* () {
        yield { begun: true };
        await until(`there is a file "${file}"`, async () => (await files.list()).includes(file));
        throw new Error("a task failed");
      })(),
    ),
};

/** Scripts of a scripted Spark runtime, beside the standard ones. */
export const SPARK_SCRIPTS: Readonly<Record<string, Script>> = {
  sql: {
    run(job) {
      const { query } = job;
      const words = query?.statement.split(" ") ?? [];
      const statement = STATEMENTS[words[0] ?? ""];
      if (query === undefined || statement === undefined) throw new ParseException(`Syntax error at "${words[0]}"`);
      return statement(job, query, words);
    },
  },
  /** Reports `stages` stages with names of `length` characters. */
  stages: {
    run({ config, progress }) {
      const name = "x".repeat(Number(config.length));
      const stages = Array.from({ length: Number(config.stages) }, (_, id) =>
        createStage({ id, name, failure: name, inputBytes: 2 ** 42, submitTime: new Date(0) }),
      );
      progress(1, "done", undefined, stages);
    },
  },
  /** Keeps a data frame under its config's `name`. */
  keepFrame: {
    run({ config, objects }) {
      objects.set(
        String(config.name),
        new ShownObject({
          ...{ kind: "DATA_FRAME", storageLevel: "Memory Deserialized 1x Replicated", createTime: new Date(0) },
          ...{ partitions: 4, cachedPartitions: 3, memoryBytes: 2 ** 40, diskBytes: 12, sizeBytes: 2 ** 40 + 12 },
        }),
      );
    },
  },
};

/** A stage that is complete. */
export function createStage(given: Partial<Stage>): Stage {
  const { COMPLETE } = Stage_State;
  return Stage.create({ name: "count at Words.scala:21", state: COMPLETE, tasks: 8, completedTasks: 8, ...given });
}

function rows(query: SqlQuery, { count, size }: { readonly count: number; readonly size: number }): StreamedResult {
  const text = "x".repeat(size);
  return print(
    query,
    (async function* () {
      for (let id = 0; id < count; id++) yield { id, ...(size > 0 && { text }) };
    })(),
  );
}

/** Rows in the format that the query asks for, some of them together. */
function print({ format }: SqlQuery, content: AsyncIterable<unknown>): StreamedResult {
  const isArray = format === SqlQuery_Format.JSON;
  const [open, between, close] = isArray ? ["[", ",", "]"] : ["", "\n", "\n"];
  return new StreamedResult(
    isArray ? "application/json" : "application/x-ndjson",
    (async function* () {
      let piece = open + JSON.stringify({ schema: {} });
      let count = 0;
      for await (const row of content) {
        count++;
        piece += between + JSON.stringify(row);
        if (count > 1 && piece.length < 32_768) continue;
        yield piece;
        piece = "";
      }
      yield `${piece}${between}${JSON.stringify({ truncated: false, rows: count })}${close}`;
    })(),
  );
}
