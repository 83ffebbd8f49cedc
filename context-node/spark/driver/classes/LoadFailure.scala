package hearth.driver

/** Distinguishes failures of loading from failures of the job. */
object LoadFailure {

  /** Explains a linkage error to the author of the jar. */
  def explain(error: LinkageError): String = error match {
    case version: UnsupportedClassVersionError =>
      s"The jar was compiled for a newer Java than this context has ($versions): ${version.getMessage}"
    case broken: NoClassDefFoundError if broken.getMessage != null && broken.getMessage.startsWith("Could not initialize") =>
      s"${broken.getMessage}: its initialization threw before, in this run or an earlier one. Restart the context to try again"
    case missing: NoClassDefFoundError if !ofPlatform(missing.getMessage) =>
      s"A class that the job needs is in no jar of its class path: ${missing.getMessage}. Add the jar that has it (cp, dependent-jar-uris)"
    case other => s"The jar was compiled for another version of Scala or Spark than this context has ($versions): $other"
  }

  private def ofPlatform(message: String): Boolean =
    message != null && (message.contains("scala/") || message.contains("org/apache/spark/"))

  private def versions: String =
    s"Spark ${org.apache.spark.SPARK_VERSION}, Scala ${scala.util.Properties.versionNumberString}, Java ${System.getProperty("java.version")}"
}
