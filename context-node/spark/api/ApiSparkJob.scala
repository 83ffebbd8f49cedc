package spark.jobserver.api

import java.io.{File, IOException}

import com.typesafe.config.Config
import org.apache.spark.SparkContext
import org.scalactic.{Every, Or}
import spark.jobserver.NamedObjects

/** The environment of a job. In Hearth it is also a [[DataFileCache]]. */
trait JobEnvironment {
  def jobId: String

  /** The objects that the jobs of the context share. */
  def namedObjects: NamedObjects

  /** The settings with which the context was created. */
  def contextConfig: Config
}

/** Provides jobs with the uploaded data files. */
trait DataFileCache {

  /** A local copy of the data file of that name. Throws `FileNotFoundException` if there is no such file. */
  @throws(classOf[IOException])
  def getDataFile(dataFile: String): File
}

/** A reason why a job refuses its config. `toString` is what the caller of the job reads. */
trait ValidationProblem

/** A problem that is a sentence. */
case class SingleProblem(problem: String) extends ValidationProblem

/** A job: checks its config, then runs with what the check made of it. */
trait SparkJobBase {

  /** The context that the job gets. */
  type C

  /** What `validate` makes of the config, and `runJob` gets. */
  type JobData

  /** The result of the job. */
  type JobOutput

  /** Does the work. What it returns is the result of the job. */
  def runJob(sc: C, runtime: JobEnvironment, data: JobData): JobOutput

  /** Checks the config before the job runs. */
  def validate(sc: C, runtime: JobEnvironment, config: Config): JobData Or Every[ValidationProblem]
}

/** A job that gets a `SparkContext`. */
trait SparkJob extends SparkJobBase {
  type C = SparkContext
}

/** The types of a job of the old API, for jobs that implement the new methods. */
trait OldSparkJob extends SparkJobBase {
  type C = SparkContext
  type JobOutput = Any
  type JobData = Config
}
