package spark.jobserver.context

import com.typesafe.config.Config
import org.apache.spark.{SparkConf, SparkContext}
import org.apache.spark.sql.SparkSession
import org.scalactic.Or
import org.slf4j.{Logger, LoggerFactory}
import spark.jobserver.{ContextLike, JobCache, api}
import spark.jobserver.japi.BaseJavaJob

/** The `SparkSession` that a session job gets, in the wrapping that spark-jobserver gives it. */
case class SparkSessionContextLikeWrapper(spark: SparkSession) extends ContextLike {
  val logger: Logger = LoggerFactory.getLogger(getClass)

  def sparkContext: SparkContext = spark.sparkContext

  /** Ends the session's streams and its SparkContext, which ends the context. */
  def stop(): Unit = {
    spark.streams.active.foreach(_.stop())
    spark.stop()
  }
}

/** A loaded job. */
trait JobContainer {
  def getSparkJob: api.SparkJobBase
}

case class ScalaJobContainer(job: api.SparkJobBase) extends JobContainer {
  def getSparkJob: api.SparkJobBase = job
}

/** Why a job could not be loaded. */
sealed trait LoadingError
case object JobClassNotFound extends LoadingError
case object JobWrongType extends LoadingError
case class JobLoadError(t: Throwable) extends LoadingError

/**
 * Made contexts in spark-jobserver. Jars may have such classes beside their jobs, so the types are here; Hearth makes its contexts itself
 * and calls none of them.
 */
trait SparkContextFactory {
  type C <: ContextLike
  type J <: JobContainer

  def loadAndValidateJob(classPath: Seq[String], mainClass: String, jobCache: JobCache): J Or LoadingError

  def makeContext(sparkConf: SparkConf, config: Config, contextName: String): C

  def makeContext(config: Config, contextConfig: Config, contextName: String): C =
    throw new UnsupportedOperationException(
      s"Cannot make context $contextName by ${getClass.getName}: Hearth makes contexts itself; create it with one of spark-jobserver's own factories")

  def updateConfig(config: Config): Config = config

  def runsPython: Boolean = false
}

trait ScalaContextFactory extends SparkContextFactory {
  type J = ScalaJobContainer
  val logger: Logger = LoggerFactory.getLogger(getClass)

  def isValidJob(job: api.SparkJobBase): Boolean
}

trait JavaContextFactory extends SparkContextFactory {
  type J = ScalaJobContainer
  val logger: Logger = LoggerFactory.getLogger(getClass)

  def isValidJob(job: BaseJavaJob[_, _]): Boolean
}
