package spark.jobserver

import spark.jobserver.japi.BaseJavaJob

/** Where the factories of spark-jobserver find jobs. Only their signatures need it. */
trait JobCache {
  def getSparkJob(classPath: Seq[String], mainClass: String): JobJarInfo
  def getJavaJob(classPath: Seq[String], mainClass: String): JavaJarInfo
}

trait BinaryJobInfo

case class JobJarInfo(constructor: () => api.SparkJobBase, className: String, jarFilePath: String) extends BinaryJobInfo

case class JavaJarInfo(job: BaseJavaJob[_, _], className: String, jarFilePath: String) extends BinaryJobInfo
