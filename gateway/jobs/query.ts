import { toBinary } from "@bufbuild/protobuf";
import { parameterInvalid, queryTooLarge } from "../../proto/errors.ts";
import { type SqlQuery, SqlQuerySchema } from "../../proto/mod.ts";

/** Largest query, in bytes. It is stored with its job, which is returned as one message. */
const LARGEST_QUERY_BYTES = 1024 * 1024;

/** Throws when a query is too large or has invalid parameters. */
export function checkQuery(query: SqlQuery): void {
  const { length } = toBinary(SqlQuerySchema, query);
  if (length > LARGEST_QUERY_BYTES) throw queryTooLarge(length, LARGEST_QUERY_BYTES);
  for (const [name, value] of Object.entries(query.parameters ?? {})) {
    if (typeof value === "object" && value !== null)
      throw parameterInvalid(name, Array.isArray(value) ? "a list" : "an object");
  }
}

/** Characters of a statement in lists of jobs. */
const LISTED_CHARACTERS = 1000;

/** A query as lists of jobs show it: the beginning of its statement, without parameters. */
export function listedQuery({ parameters: _, ...query }: SqlQuery): SqlQuery {
  const { statement } = query;
  if (statement.length <= LISTED_CHARACTERS) return query;
  return { ...query, statement: `${statement.slice(0, LISTED_CHARACTERS).toWellFormed()} …` };
}
