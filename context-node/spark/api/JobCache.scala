package spark.jobserver

import spark.jobserver.japi.BaseJavaJob

/** A type in the signatures of the context factories of spark-jobserver. */
trait JobCache {
  def getSparkJob(classPath: Seq[String], mainClass: String): JobJarInfo
  def getJavaJob(classPath: Seq[String], mainClass: String): JavaJarInfo
}

trait BinaryJobInfo

case class JobJarInfo(constructor: () => api.SparkJobBase, className: String, jarFilePath: String) extends BinaryJobInfo

case class JavaJarInfo(job: BaseJavaJob[_, _], className: String, jarFilePath: String) extends BinaryJobInfo
