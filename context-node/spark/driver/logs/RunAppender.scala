package hearth.driver

import org.apache.logging.log4j.{Level, LogManager}
import org.apache.logging.log4j.core.{LogEvent, LoggerContext}
import org.apache.logging.log4j.core.appender.AbstractAppender
import org.apache.logging.log4j.core.config.{LoggerConfig, Property}

/**
 * Passes events of Log4j to the run whose thread logs. Warnings and errors of other threads go to `own`, the log of the driver.
 * It only fills buffers, so it neither blocks a job nor logs itself.
 */
final class RunAppender(directory: RunDirectory, own: LogBuffer, failures: ClusterFailures, master: MasterWatch)
    extends AbstractAppender("hearth", null, null, true, Property.EMPTY_ARRAY) {

  override def append(event: LogEvent): Unit = {
    failures.note(event)
    master.note(event)
    directory.ofThread() match {
      case Some(run) => run.log.add(levelOf(event.getLevel), textOf(event))
      case None => if (event.getLevel.isMoreSpecificThan(Level.WARN)) own.add(levelOf(event.getLevel), textOf(event))
    }
  }

  private def textOf(event: LogEvent): String = {
    val name = event.getLoggerName
    val text = s"${name.substring(name.lastIndexOf('.') + 1)}: ${event.getMessage.getFormattedMessage}"
    if (event.getThrown == null) text else s"$text\n${Thrown.of(event.getThrown).stack.stripTrailing}"
  }

  private def levelOf(level: Level): String =
    if (level.isMoreSpecificThan(Level.ERROR)) "ERROR"
    else if (level.isMoreSpecificThan(Level.WARN)) "WARN"
    else if (level.isMoreSpecificThan(Level.INFO)) "INFO"
    else "DEBUG"

  private def removeOthers(logger: LoggerConfig): Unit =
    logger.getAppenders.keySet.forEach(name => if (name != getName) logger.removeAppender(name))

  /** Makes this the only appender. Spark configures Log4j when its first class logs, which would undo it. */
  def install(): Unit = {
    SparkLogging.configure()
    replaceOthers()
  }

  private def replaceOthers(): Unit = LogManager.getContext(false) match {
    case context: LoggerContext =>
      val config = context.getConfiguration
      if (!isStarted) start()
      val root = config.getRootLogger
      config.getLoggers.values.forEach(removeOthers(_))
      removeOthers(root)
      if (!root.getAppenders.containsKey(getName)) root.addAppender(this, null, null)
      root.setLevel(Level.INFO)
      def levelFor(name: String, level: Level): Unit =
        if (!config.getLoggers.containsKey(name)) config.addLogger(name, new LoggerConfig(name, level, true))
      RunAppender.Quiet.foreach(levelFor(_, Level.WARN))
      levelFor(MasterWatch.Client, Level.INFO)
      context.updateLoggers()
    // Spark's folder has another binding of SLF4J, which receives the logs of jobs.
    case _ => own.add("WARN", "Logs of jobs stay in the driver's output: Log4j 2 is not what this Spark logs with")
  }
}

/** A class of Spark that logs. */
private object SparkLogging extends org.apache.spark.internal.Logging {
  def configure(): Unit = log.isInfoEnabled
}

object RunAppender {

  /** Loggers whose INFO lines do not help the author of a job. */
  private val Quiet = Seq("org.apache.spark", "org.apache.hadoop", "org.apache.hive", "org.apache.parquet", "org.sparkproject", "io.netty", "org.eclipse.jetty")
}
