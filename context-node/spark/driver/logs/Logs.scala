package hearth.driver

/** Sends the lines of runs and of the driver to the node, as fast as it reads them. */
final class Logs(connection: Connection, directory: RunDirectory) {

  /** The log of the driver itself. */
  val own = new LogBuffer(0)

  def start(timer: Timer): Unit = timer.every(Logs.IntervalMs)(sendAll())

  /** Sends all lines of a run, before its end. */
  def finish(run: Run): Unit = {
    run.out.close()
    run.err.close()
    sendWhile(run.log)(true)
  }

  /** Sends all lines of the driver. */
  def finishOwn(): Unit = sendWhile(own)(true)

  private def sendAll(): Unit = {
    sendWhile(own)(hasRoom)
    directory.foreach(run => sendWhile(run.log)(hasRoom))
  }

  private def hasRoom: Boolean = connection.queuedLogBytes < Logs.MostQueuedBytes

  // Under the lock of the buffer, so that messages leave in the order of their lines.
  private def sendWhile(buffer: LogBuffer)(may: => Boolean): Unit = buffer.synchronized {
    while (!buffer.isEmpty && may) connection.sendLog(buffer.run, buffer.take())
  }
}

object Logs {
  private val IntervalMs = 100L
  private val MostQueuedBytes = 512 * 1024
}
