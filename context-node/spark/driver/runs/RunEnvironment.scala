package hearth.driver

import java.io.File

import com.typesafe.config.Config
import spark.jobserver.NamedObjects
import spark.jobserver.api.{DataFileCache, JobEnvironment}

/** The environment that the job of a run sees. */
final class RunEnvironment(
    override val jobId: String,
    override val namedObjects: NamedObjects,
    override val contextConfig: Config,
    dataFiles: RunDataFiles)
    extends JobEnvironment with DataFileCache {
  override def getDataFile(dataFile: String): File = dataFiles.get(dataFile)
}
