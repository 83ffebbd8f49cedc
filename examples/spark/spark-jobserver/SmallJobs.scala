package spark.jobserver

import com.typesafe.config.Config
import org.apache.spark.SparkContext
import org.scalactic.{Every, Good, Or}
import spark.jobserver.api.{JobEnvironment, ValidationProblem}

/** A job without a config to check. */
trait AnyConfig { this: api.SparkJob =>
  type JobData = Config

  def validate(sc: SparkContext, runtime: JobEnvironment, config: Config): Config Or Every[ValidationProblem] = Good(config)
}

object NoOpJob extends api.SparkJob with AnyConfig {
  type JobOutput = Int

  override def runJob(sc: SparkContext, runtime: JobEnvironment, config: Config): Int = 1
}

object VeryShortDoubleJob extends api.SparkJob with AnyConfig {
  type JobOutput = Array[Int]

  override def runJob(sc: SparkContext, runtime: JobEnvironment, config: Config): Array[Int] =
    sc.parallelize(Seq(1, 2, 3)).map(_ * 2).collect()
}

object SimpleObjectJob extends api.SparkJob with AnyConfig {
  type JobOutput = Int

  override def runJob(sc: SparkContext, runtime: JobEnvironment, config: Config): Int = sc.parallelize(1 to 3).reduce(_ + _)
}

/** The names at the top of the config that a job sees. */
object ConfigCheckerJob extends api.SparkJob with AnyConfig {
  type JobOutput = Array[String]

  override def runJob(sc: SparkContext, runtime: JobEnvironment, config: Config): Array[String] =
    config.root.keySet.toArray(Array.empty[String]).sorted
}

case class Animal(name: String)

/** Returns instances of its own class from the executors. The result of a case class is an array of its fields. */
object ZookeeperJob extends api.SparkJob with AnyConfig {
  type JobOutput = Array[Animal]

  override def runJob(sc: SparkContext, runtime: JobEnvironment, config: Config): Array[Animal] =
    sc.parallelize(Seq("dog", "horse")).map(Animal(_)).filter(_.name.startsWith("h")).collect()
}

object MyErrorJob extends api.SparkJob with AnyConfig {
  type JobOutput = Nothing

  override def runJob(sc: SparkContext, runtime: JobEnvironment, config: Config): Nothing =
    throw new IllegalArgumentException("Foobar")
}

/** A fatal error of the JVM fails the job, not its context. */
object MyFatalErrorJob extends api.SparkJob with AnyConfig {
  type JobOutput = Nothing

  override def runJob(sc: SparkContext, runtime: JobEnvironment, config: Config): Nothing =
    throw new OutOfMemoryError("this is a fatal error")
}
