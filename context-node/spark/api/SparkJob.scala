package spark.jobserver

import com.typesafe.config.Config
import org.apache.spark.SparkContext
import org.apache.spark.streaming.StreamingContext
import org.scalactic.{Bad, Every, Good, One, Or}
import spark.jobserver.api.{JobEnvironment, ValidationProblem}

/** What `validate` of an old job returns. */
sealed trait SparkJobValidation {

  /** The first objection of the two, if there is one. */
  def &&(sparkValidation: SparkJobValidation): SparkJobValidation = this match {
    case SparkJobValid => sparkValidation
    case objection => objection
  }
}

/** The job accepts its config. */
case object SparkJobValid extends SparkJobValidation

/** The job refuses its config, and says why. */
case class SparkJobInvalid(reason: String) extends SparkJobValidation with ValidationProblem

/** A job of spark-jobserver's old API. Jobs extend [[SparkJob]] or another trait that names the type of the context. */
trait SparkJobBase extends api.SparkJobBase {
  type JobOutput = Any
  type JobData = Config

  /** The named objects of the context. Set before `validate` is called. */
  var namedObjects: NamedObjects = null

  def runJob(sc: C, runtime: JobEnvironment, data: JobData): JobOutput = runJob(sc, data)

  def validate(sc: C, runtime: JobEnvironment, config: Config): JobData Or Every[ValidationProblem] = {
    namedObjects = runtime.namedObjects
    validate(sc, config) match {
      case SparkJobValid => Good(config)
      case objection: SparkJobInvalid => Bad(One(objection))
    }
  }

  /** Does the work. What it returns is the result of the job. */
  def runJob(sc: C, jobConfig: Config): Any

  /** Checks the config before the job runs. */
  def validate(sc: C, config: Config): SparkJobValidation
}

/** A job of the old API that gets a `SparkContext`. */
trait SparkJob extends SparkJobBase {
  type C = SparkContext
}

/** A job that gets a `StreamingContext` of its own, and starts it. */
trait SparkStreamingJob extends SparkJobBase {
  type C = StreamingContext
}

/** What all contexts of spark-jobserver have in common. */
trait ContextLike {
  def sparkContext: SparkContext

  def stop(): Unit
}
