package hearth.driver

import java.io.OutputStream
import java.util.ArrayDeque

/** A frame on its way to the node. */
final class Frame(val bytes: Array[Byte], val isLog: Boolean)

/**
 * Writes frames to the node in order, on a thread of its own. Sends a beat every second, even if frames wait.
 *
 * Callers bound what they put: parts by the credit of their run, logs by [[queuedLogBytes]]. Other frames are small. If the queue
 * exceeds [[Outgoing.MostQueuedBytes]] nevertheless, the node does not read: calls `failed`.
 */
final class Outgoing(out: OutputStream, failed: Throwable => Unit) {
  private val queue = new ArrayDeque[Frame]()
  private var queuedBytes = 0L
  private var logBytes = 0L
  private var writing = false
  private val beat = Frames.message(DriverMessage.encode(DriverMessage.beat()))

  private val writer = new Thread(() => writeAll(), "hearth-writer")
  writer.setDaemon(true)

  def start(): Unit = writer.start()

  def put(frame: Frame): Unit = synchronized {
    queue.add(frame)
    queuedBytes += frame.bytes.length
    if (frame.isLog) logBytes += frame.bytes.length
    if (queuedBytes > Outgoing.MostQueuedBytes) failed(new IllegalStateException(s"The node does not read: $queuedBytes bytes wait for it"))
    notifyAll()
  }

  /** Size of the waiting logs, in bytes. */
  def queuedLogBytes: Long = synchronized(logBytes)

  /** Waits until all frames are written, for at most this number of milliseconds. */
  def flush(timeoutMs: Long): Unit = synchronized {
    val deadline = System.nanoTime() + timeoutMs * 1000000
    var left = timeoutMs
    while ((writing || !queue.isEmpty) && left > 0) {
      wait(left)
      left = (deadline - System.nanoTime()) / 1000000
    }
  }

  private def writeAll(): Unit =
    try {
      var nextBeat = System.nanoTime()
      while (true) {
        take(nextBeat).foreach(frame => out.write(frame.bytes))
        if (System.nanoTime() >= nextBeat) {
          out.write(beat)
          nextBeat = System.nanoTime() + Protocol.BeatMs * 1000000
        }
        if (synchronized(queue.isEmpty)) out.flush()
        written()
      }
    } catch { case error: Throwable => failed(error) }

  /** Returns the next frame, or None when a beat is due. */
  private def take(nextBeat: Long): Option[Frame] = synchronized {
    var left = (nextBeat - System.nanoTime()) / 1000000
    while (queue.isEmpty && left > 0) {
      wait(left)
      left = (nextBeat - System.nanoTime()) / 1000000
    }
    val frame = Option(queue.poll())
    frame.foreach { taken =>
      writing = true
      queuedBytes -= taken.bytes.length
      if (taken.isLog) logBytes -= taken.bytes.length
    }
    frame
  }

  private def written(): Unit = synchronized {
    writing = false
    notifyAll()
  }
}

object Outgoing {
  val MostQueuedBytes: Long = 128L * 1024 * 1024
}
