package hearth.driver

import java.nio.charset.StandardCharsets.UTF_8

import org.apache.spark.sql.{DataFrame, SparkSession}

/**
 * Runs a statement of SQL. Its result is NDJSON: a line with the schema, a line per row, and a last line that says whether a limit
 * was reached. Reads partition by partition, so it needs the memory of one partition, in Spark's compressed form.
 */
final class SqlRun(session: SparkSession, work: SqlWork) {

  /** Analyses the statement, and executes it if it is a command. Throws what Spark throws. */
  def analyse(): DataFrame =
    if (work.parameters.size == 0) session.sql(work.statement) else session.sql(work.statement, parameters)

  def write(frame: DataFrame, sink: ResultSink): Unit = {
    val schema = JsonRow.uniqueNames(frame.schema)
    sink.begin("application/x-ndjson")
    writeLine(s"""{"schema":${schema.json}}""", sink)
    val row = new JsonRow(schema)
    val rows = limited(frame).toLocalIterator()
    var count = 0L
    var bytes = 0L
    var limit: Option[String] = None
    while (limit.isEmpty && rows.hasNext) {
      if (work.maxRows > 0 && count == work.maxRows) limit = Some("rows")
      else {
        val line = row.encode(rows.next())
        line.write('\n')
        bytes += line.size
        if (work.maxBytes > 0 && bytes > work.maxBytes) limit = Some("bytes")
        else {
          line.writeTo(sink)
          count += 1
        }
      }
    }
    writeLine(lastLine(limit, count), sink)
  }

  /** Limits the rows, so that Spark stops early. One more row shows whether there are more. */
  private def limited(frame: DataFrame): DataFrame =
    if (work.maxRows > 0 && work.maxRows < SqlRun.FewRows) frame.limit(work.maxRows.toInt + 1) else frame

  private def lastLine(limit: Option[String], rows: Long): String = limit match {
    case Some(reason) => s"""{"truncated":true,"reason":"$reason","rows":$rows}"""
    case None => s"""{"truncated":false,"rows":$rows}"""
  }

  private def writeLine(line: String, sink: ResultSink): Unit = sink.write((line + "\n").getBytes(UTF_8))

  private def parameters: Map[String, Any] = {
    var named = Map.empty[String, Any]
    work.parameters.fields().forEachRemaining(field => named += field.getKey -> SqlParameter.literal(field.getValue))
    named
  }
}

object SqlRun {
  private val FewRows = 10000L
}
