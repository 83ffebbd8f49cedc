package spark.jobserver

import com.typesafe.config.Config
import org.apache.spark.SparkContext
import org.scalactic.{Bad, Every, Good, One, Or}
import scala.util.Try
import spark.jobserver.api.{JobEnvironment, SingleProblem, ValidationProblem}

/** How often each word of `input.string` occurs. With the old API, which checks the config, then reads it again. */
object WordCountExample extends SparkJob {
  override def validate(sc: SparkContext, config: Config): SparkJobValidation =
    if (config.hasPath("input.string")) SparkJobValid else SparkJobInvalid("No input.string config param")

  override def runJob(sc: SparkContext, config: Config): Any =
    sc.parallelize(config.getString("input.string").split(" ").toSeq).countByValue()
}

/** The same with the new API: `validate` turns the config into what `runJob` takes. */
object WordCountExampleNewApi extends api.SparkJob {
  type JobData = Seq[String]
  type JobOutput = collection.Map[String, Long]

  override def validate(sc: SparkContext, runtime: JobEnvironment, config: Config): JobData Or Every[ValidationProblem] =
    Try(config.getString("input.string").split(" ").toSeq)
      .map(words => Good(words))
      .getOrElse(Bad(One(SingleProblem("No input.string param"))))

  override def runJob(sc: SparkContext, runtime: JobEnvironment, words: JobData): JobOutput =
    sc.parallelize(words).countByValue()
}
