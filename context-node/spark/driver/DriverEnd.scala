package hearth.driver

import java.io.PrintStream
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit.MILLISECONDS
import java.util.concurrent.atomic.AtomicBoolean

import org.apache.spark.sql.SparkSession

/**
 * The ends that a driver comes to. All but one halt the JVM: threads and shutdown hooks of jobs cannot keep it. In YARN's cluster mode
 * a stopped driver returns from `main`, so that the application master reports its end.
 */
final class DriverEnd(folder: TemporaryFolder, console: PrintStream) {
  private val ending = new AtomicBoolean()
  private val returned = new CountDownLatch(1)

  /** Waits for the end that returns from `main`. */
  def await(): Unit = returned.await()

  def nodeGone(reason: String): Unit = if (ending.compareAndSet(false, true)) {
    console.println(s"Hearth's driver ends: its node is gone: $reason")
    halt(Protocol.ExitNodeGone)
  } else Runtime.getRuntime.halt(Protocol.ExitNodeGone)

  /** The SparkContext is stopped, though the node did not ask for it. */
  def lost(connection: Connection, logs: Logs, reason: => String): Unit = if (ending.compareAndSet(false, true)) {
    logs.finishOwn()
    connection.send(DriverMessage.lost(reason))
    connection.flush(DriverEnd.FlushMs)
    halt(Protocol.ExitLost)
  }

  /** The SparkContext could not be made. */
  def notReady(connection: Connection, logs: Logs, error: Throwable): Unit = if (ending.compareAndSet(false, true)) {
    logs.finishOwn()
    connection.send(DriverMessage.notReady(Thrown.of(error)))
    connection.flush(DriverEnd.FlushMs)
    halt(Protocol.ExitNotReady)
  }

  /** The node asks for the end: stops the SparkContext, for at most so long. */
  def stop(session: Option[SparkSession]): Unit = if (ending.compareAndSet(false, true)) {
    val byYarn = session.exists(started => started.sparkContext.master == "yarn" && started.sparkContext.deployMode == "cluster")
    session.foreach(started => within(DriverEnd.StopMs)(started.sparkContext.stop()))
    if (byYarn) {
      returned.countDown()
      Thread.sleep(DriverEnd.StopMs)
    }
    halt(0)
  }

  /** The JVM shuts down. Tells the node why, unless the driver is ending anyway. */
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
