package spark.jobserver

import com.typesafe.config.Config
import org.apache.spark.SparkContext
import org.apache.spark.api.java.JavaSparkContext

/** A job of the old API, as classes of Java extend it. */
class JavaSparkJob extends SparkJob {
  def runJob(sc: SparkContext, jobConfig: Config): Any = runJob(new JavaSparkContext(sc), jobConfig)

  def validate(sc: SparkContext, config: Config): SparkJobValidation =
    Option(invalidate(new JavaSparkContext(sc), config)).map(SparkJobInvalid(_)).getOrElse(SparkJobValid)

  /** Does the work. */
  def runJob(jsc: JavaSparkContext, jobConfig: Config): Any = ()

  /** Why the job refuses its config; null if it accepts it. */
  def invalidate(jsc: JavaSparkContext, config: Config): String = null
}
