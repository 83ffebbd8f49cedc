import { toBinary } from "@bufbuild/protobuf";
import { parameterInvalid, queryTooLarge } from "../../proto/errors.ts";
import { type SqlQuery, SqlQuerySchema } from "../../proto/mod.ts";

/** A query is kept with its job, which is answered as one message. */
const LARGEST_QUERY_BYTES = 1024 * 1024;

/** Throws when a query cannot be run as it is. */
export function checkQuery(query: SqlQuery): void {
  const { length } = toBinary(SqlQuerySchema, query);
  if (length > LARGEST_QUERY_BYTES) throw queryTooLarge(length, LARGEST_QUERY_BYTES);
  for (const [name, value] of Object.entries(query.parameters ?? {})) {
    if (typeof value === "object" && value !== null)
      throw parameterInvalid(name, Array.isArray(value) ? "a list" : "an object");
  }
}

/** Characters of a statement where jobs are listed. */
const LISTED_CHARACTERS = 1000;

/** A query as lists of jobs show it: with the beginning of its statement, and without its parameters. */
export function listedQuery({ parameters: _, ...query }: SqlQuery): SqlQuery {
  const { statement } = query;
  if (statement.length <= LISTED_CHARACTERS) return query;
  return { ...query, statement: `${statement.slice(0, LISTED_CHARACTERS).toWellFormed()} …` };
}
