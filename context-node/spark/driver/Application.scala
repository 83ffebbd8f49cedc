package hearth.driver

import com.typesafe.config.Config
import org.apache.spark.{SparkConf, SparkContext}
import org.apache.spark.sql.SparkSession

/** The Spark application of the context: its session, and what its jobs share. */
final class Application(
    val session: SparkSession,
    val streaming: Boolean,
    val batchIntervalMs: Long,
    val contextConfig: Config,
    val classPath: ClassPath,
    val named: NamedRegistry,
    val dataFiles: DataFiles) {
  def context: SparkContext = session.sparkContext
}

object Application {
  private val MaxResultSize = "spark.driver.maxResultSize"

  /**
   * Makes the session, and with it the SparkContext, from the settings of `init`. The thread's context class loader is that of jobs.
   * Throws what Spark throws if the master cannot be reached or the settings are wrong.
   */
  def startSession(init: Init): SparkSession = {
    val conf = new SparkConf()
    init.conf.foreach { case (key, value) => conf.set(key, value) }
    init.hadoop.foreach { case (key, value) => conf.set(s"spark.hadoop.$key", value) }
    if (!conf.contains("spark.app.name")) conf.setAppName(init.contextName)
    if (!conf.contains(MaxResultSize)) conf.set(MaxResultSize, s"${mostResultMiB}m")
    val builder = SparkSession.builder().config(conf)
    (if (init.kind == "hive") withHive(builder) else builder).getOrCreate()
  }

  /** Spark's own default, or half of a heap that is smaller than twice that: results must not fill it. */
  private def mostResultMiB: Long = math.min(1024, Runtime.getRuntime.maxMemory / 2 / (1024 * 1024))

  private def withHive(builder: SparkSession.Builder): SparkSession.Builder =
    try builder.enableHiveSupport()
    catch {
      case missing: IllegalArgumentException =>
        throw new IllegalStateException(
          s"This Spark has no Hive (${missing.getMessage}): add spark-hive to its jars, or create the context with SessionContextFactory", missing)
    }
}
