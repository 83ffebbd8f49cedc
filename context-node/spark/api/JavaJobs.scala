package spark.jobserver.japi

import com.typesafe.config.Config
import org.apache.spark.api.java.JavaSparkContext
import org.apache.spark.sql.{SQLContext, SparkSession}
import org.apache.spark.sql.hive.HiveContext
import org.apache.spark.streaming.StreamingContext
import spark.jobserver.api.{JobEnvironment, ValidationProblem}
import spark.jobserver.context.SparkSessionContextLikeWrapper

/** A job in Java with result `R` that gets a context `C`. */
trait BaseJavaJob[R, C] {

  /** Does the work. What it returns is the result of the job. */
  def run(sc: C, runtime: JobEnvironment, data: Config): R

  /** Checks the config; what it returns is the `data` of `run`. Throws [[JavaValidationException]] to refuse it. */
  def verify(sc: C, runtime: JobEnvironment, config: Config): Config
}

trait JSparkJob[R] extends BaseJavaJob[R, JavaSparkContext]

trait JStreamingJob[R] extends BaseJavaJob[R, StreamingContext]

/** For jobs of version 0.7 and older. */
trait JSqlJob[R] extends BaseJavaJob[R, SQLContext]

/** For jobs of version 0.7 and older. */
trait JHiveJob[R] extends BaseJavaJob[R, HiveContext]

/** A job in Java that gets a `SparkSession` of its own. */
abstract class JSessionJob[R] extends BaseJavaJob[R, SparkSessionContextLikeWrapper] {
  def run(sparkSession: SparkSession, runtime: JobEnvironment, data: Config): R

  override def run(sc: SparkSessionContextLikeWrapper, runtime: JobEnvironment, data: Config): R = run(sc.spark, runtime, data)

  def verify(sparkSession: SparkSession, runtime: JobEnvironment, config: Config): Config

  override def verify(sc: SparkSessionContextLikeWrapper, runtime: JobEnvironment, config: Config): Config =
    verify(sc.spark, runtime, config)
}

/** Why a job in Java refuses its config. */
case class JavaValidationException(reason: String, t: Throwable) extends Exception(reason, t) with ValidationProblem
