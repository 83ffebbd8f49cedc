package hearth.driver

import org.apache.logging.log4j.core.LogEvent
import org.apache.spark.SparkContext

/**
 * Detects that a standalone cluster has forgotten the application. A master that restarts without recovery makes its workers end the
 * executors, while Spark's client waits forever for a master that knows it, and only logs that. Jobs continue without a master while they
 * have executors.
 */
final class MasterWatch {
  @volatile private var away = false
  private var checks = 0

  def note(event: LogEvent): Unit = {
    val (logger, text) = (event.getLoggerName, event.getMessage.getFormattedMessage)
    if (logger.startsWith(MasterWatch.Backend) && text.startsWith("Disconnected from Spark cluster")) away = true
    else if (logger.startsWith(MasterWatch.Client) && text.startsWith("Master has changed")) away = false
  }

  /** Whether the application has had neither a master nor an executor for the last few checks. */
  def isForgotten(context: SparkContext): Boolean = {
    // The driver itself counts as one.
    checks = if (away && context.getExecutorMemoryStatus.size <= 1) checks + 1 else 0
    checks >= MasterWatch.MostChecks
  }
}

object MasterWatch {

  /** Its INFO lines report that a master has returned. */
  val Client = "org.apache.spark.deploy.client.StandaloneAppClient"

  private val Backend = "org.apache.spark.scheduler.cluster.StandaloneSchedulerBackend"
  private val MostChecks = 6
}
