package hearth.examples

import com.typesafe.config.Config
import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.storage.StorageLevel
import org.scalactic.{Bad, Every, Good, One, Or}
import spark.jobserver.{DataFramePersister, NamedDataFrame, NamedObjectPersister, SparkSessionJob}
import spark.jobserver.api.{JobEnvironment, SingleProblem, ValidationProblem}

/** A job with the number `rows` in its config. */
trait RowsJob extends SparkSessionJob {
  type JobData = Long
  type JobOutput = DataFrame

  override def validate(session: SparkSession, runtime: JobEnvironment, config: Config): Long Or Every[ValidationProblem] = {
    val rows = if (config.hasPath("rows")) config.getLong("rows") else 10L
    if (rows >= 0) Good(rows) else Bad(One(SingleProblem(s"rows must not be negative: $rows")))
  }

  protected def squares(session: SparkSession, rows: Long): DataFrame =
    session.range(rows).selectExpr("id", "id * id AS square", "concat('number ', id) AS name")
}

/** A Dataset as a result: its rows are streamed. */
object Squares extends RowsJob {
  override def runJob(session: SparkSession, runtime: JobEnvironment, rows: Long): DataFrame = squares(session, rows)
}

/** Keeps a DataFrame under the name `squares`; SQL of the context reads it as `global_temp.squares`. The first run says how many rows. */
object NamedSquares extends RowsJob {
  private implicit val persister: NamedObjectPersister[NamedDataFrame] = new DataFramePersister

  override def runJob(session: SparkSession, runtime: JobEnvironment, rows: Long): DataFrame =
    runtime.namedObjects
      .getOrElseCreate("squares", NamedDataFrame(squares(session, rows), forceComputation = true, StorageLevel.MEMORY_AND_DISK))
      .df
}
