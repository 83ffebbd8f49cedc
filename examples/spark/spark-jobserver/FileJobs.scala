package spark.jobserver

import com.typesafe.config.Config
import org.apache.spark.SparkContext
import org.scalactic.{Bad, Every, Good, One, Or}
import spark.jobserver.api.{DataFileCache, JobEnvironment, SingleProblem, ValidationProblem}

/** The path of the uploaded data file `testFile`, as a file of the driver's machine. */
object RemoteDataFileJob extends api.SparkJob {
  type JobData = String
  type JobOutput = String

  override def validate(sc: SparkContext, runtime: JobEnvironment, config: Config): String Or Every[ValidationProblem] =
    if (config.hasPath("testFile")) Good(config.getString("testFile")) else Bad(One(SingleProblem("No testFile param")))

  override def runJob(sc: SparkContext, runtime: JobEnvironment, name: String): String = runtime match {
    case files: DataFileCache => files.getDataFile(name).getAbsolutePath
    case _ => throw new UnsupportedOperationException("this server has no data files")
  }
}

/** Loads a class of another jar on the executors. Name that jar in `dependent-jar-uris` or `cp`. */
object jobJarDependenciesJob extends api.SparkJob with AnyConfig {
  type JobOutput = collection.Map[String, Long]

  override def runJob(sc: SparkContext, runtime: JobEnvironment, config: Config): JobOutput =
    sc.parallelize(1 to 3).map(_ => load("EmptyClass")).countByValue()

  private def load(name: String): String =
    Class.forName(name, true, Thread.currentThread.getContextClassLoader).getSimpleName
}
