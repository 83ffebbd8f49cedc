package spark.jobserver

import com.typesafe.config.Config
import org.apache.spark.sql.{SQLContext, SparkSession}
import org.apache.spark.sql.hive.HiveContext
import org.scalactic.{Every, Or}
import spark.jobserver.api.{JobEnvironment, ValidationProblem}
import spark.jobserver.context.SparkSessionContextLikeWrapper

/** A job that gets a `SparkSession` of its own: its temporary views are its own, cache and catalog are those of the context. */
trait SparkSessionJob extends spark.jobserver.api.SparkJobBase {
  type C = SparkSessionContextLikeWrapper

  /** Does the work. A Dataset that it returns becomes a JSON array of rows. */
  def runJob(sparkSession: SparkSession, runtime: JobEnvironment, data: JobData): JobOutput

  override def runJob(sc: C, runtime: JobEnvironment, data: JobData): JobOutput = runJob(sc.spark, runtime, data)

  /** Checks the config before the job runs. */
  def validate(sparkSession: SparkSession, runtime: JobEnvironment, config: Config): JobData Or Every[ValidationProblem]

  override def validate(sc: C, runtime: JobEnvironment, config: Config): JobData Or Every[ValidationProblem] =
    validate(sc.spark, runtime, config)
}

/** A job of version 0.7 and older that gets an `SQLContext`. */
trait SparkSqlJob extends SparkJobBase {
  type C = SQLContext
}

/** A job of version 0.7 and older that gets a `HiveContext`. */
trait SparkHiveJob extends spark.jobserver.api.SparkJobBase {
  type C = HiveContext
}
