package hearth.driver

import java.io.PrintStream
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit.MILLISECONDS
import java.util.concurrent.atomic.AtomicBoolean

import org.apache.spark.sql.SparkSession

/**
 * Ends the driver. All methods but one halt the JVM, so that threads and shutdown hooks of jobs cannot keep it alive. In YARN's cluster mode
 * a stopped driver returns from `main`, so that the application master reports its end.
 */
final class DriverEnd(folder: TemporaryFolder, console: PrintStream) {
  private val ending = new AtomicBoolean()
  private val returned = new CountDownLatch(1)

  /** Waits for the end of a driver that returns from `main`. */
  def await(): Unit = returned.await()

  def nodeGone(reason: String): Unit = if (ending.compareAndSet(false, true)) {
    console.println(s"The Spark driver exits because it lost its node: $reason")
    halt(Protocol.ExitNodeGone)
  } else Runtime.getRuntime.halt(Protocol.ExitNodeGone)

  /** Ends the driver because the SparkContext was stopped, without a request of the node. */
  def lost(connection: Connection, logs: Logs, reason: => String): Unit = if (ending.compareAndSet(false, true)) {
    logs.finishOwn()
    connection.send(DriverMessage.lost(reason))
    connection.flush(DriverEnd.FlushMs)
    halt(Protocol.ExitLost)
  }

  /** Ends the driver because the SparkContext could not be created. */
  def notReady(connection: Connection, logs: Logs, error: Throwable): Unit = if (ending.compareAndSet(false, true)) {
    logs.finishOwn()
    connection.send(DriverMessage.notReady(Thrown.of(error)))
    connection.flush(DriverEnd.FlushMs)
    halt(Protocol.ExitNotReady)
  }

  /** Ends the driver on request of the node: stops the SparkContext, with a time limit. */
  def stop(session: Option[SparkSession]): Unit = if (ending.compareAndSet(false, true)) {
    val byYarn = session.exists(started => started.sparkContext.master == "yarn" && started.sparkContext.deployMode == "cluster")
    session.foreach(started => within(DriverEnd.StopMs)(started.sparkContext.stop()))
    if (byYarn) {
      returned.countDown()
      Thread.sleep(DriverEnd.StopMs)
    }
    halt(0)
  }

  /** Reports a shutdown of the JVM to the node, unless the driver is ending anyway. */
  def shutdown(connection: Connection, reason: => String): Unit = if (ending.compareAndSet(false, true)) {
    connection.send(DriverMessage.lost(reason))
    connection.flush(DriverEnd.FlushMs)
    folder.delete()
  }

  private def halt(code: Int): Unit = {
    within(DriverEnd.DeleteMs)(folder.delete())
    Runtime.getRuntime.halt(code)
  }

  private def within(milliseconds: Long)(body: => Unit): Unit = {
    val done = new CountDownLatch(1)
    val thread = new Thread(() => try body finally done.countDown(), "hearth-end")
    thread.setDaemon(true)
    thread.start()
    done.await(milliseconds, MILLISECONDS)
  }
}

object DriverEnd {
  private val FlushMs = 1000L
  private val StopMs = 5000L
  private val DeleteMs = 300L
}
