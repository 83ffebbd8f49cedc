package hearth.driver

import org.apache.logging.log4j.Level
import org.apache.logging.log4j.core.LogEvent

/** Remembers why the cluster ended the application, and whether the heap was full: Spark reports both only in its log. */
final class ClusterFailures {
  @volatile private var last: Option[String] = None
  @volatile private var heapIsFull = false

  def note(event: LogEvent): Unit = {
    if (event.getThrown.isInstanceOf[OutOfMemoryError]) heapIsFull = true
    if (event.getLevel.isMoreSpecificThan(Level.ERROR) && ClusterFailures.Loggers.exists(event.getLoggerName.startsWith(_)))
      last = Some(event.getMessage.getFormattedMessage)
  }

  /** The reason that the cluster gave. */
  def ofCluster: Option[String] = last

  /** Whether the JVM ran out of memory. */
  def ranOutOfMemory: Boolean = heapIsFull
}

object ClusterFailures {
  private val Loggers = Seq("org.apache.spark.scheduler", "org.apache.spark.deploy")
}
