import type { Query } from "../database.ts";
import type { Row } from "../tables/rows.ts";

/** One write: a statement that does it whole, and what its rows mean. */
export interface Write<Answer> extends Query {
  readonly name: string;
  answerOf(rows: readonly Row[]): Answer;
}
