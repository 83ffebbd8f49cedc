package hearth.driver

import java.io.File

import com.typesafe.config.Config
import spark.jobserver.NamedObjects
import spark.jobserver.api.{DataFileCache, JobEnvironment}

/** What the job of a run learns of its surroundings. */
final class RunEnvironment(
    override val jobId: String,
    override val namedObjects: NamedObjects,
    override val contextConfig: Config,
    dataFiles: RunDataFiles)
    extends JobEnvironment with DataFileCache {
  override def getDataFile(dataFile: String): File = dataFiles.get(dataFile)
}
