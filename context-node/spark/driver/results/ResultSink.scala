package hearth.driver

import java.io.{ByteArrayOutputStream, OutputStream}

/**
 * Receives the result of a run. Keeps a result of at most [[Protocol.LargestWholeResult]] bytes of JSON, and sends it with the end of the run.
 * Sends a larger one in parts. Writing waits for the credit of the run.
 */
final class ResultSink(run: Int, window: PartWindow, connection: Connection) extends OutputStream {
  private var whole = new ByteArrayOutputStream(1024)
  private var begun = false
  private val part = new Array[Byte](ResultSink.PartBytes)
  private var partLength = 0

  /** Sends the result in parts, even if it is small. */
  def begin(mediaType: String): Unit = {
    begun = true
    connection.send(DriverMessage.resultBegun(run, mediaType))
    val before = whole.toByteArray
    whole = new ByteArrayOutputStream(0)
    write(before, 0, before.length)
  }

  override def write(byte: Int): Unit =
    if (!begun) write(Array(byte.toByte), 0, 1)
    else {
      part(partLength) = byte.toByte
      partLength += 1
      if (partLength == part.length) sendPart()
    }

  override def write(bytes: Array[Byte], offset: Int, length: Int): Unit = {
    if (!begun && whole.size + length > Protocol.LargestWholeResult) begin("application/json")
    if (!begun) whole.write(bytes, offset, length)
    else {
      var from = offset
      while (from < offset + length) {
        val copied = math.min(part.length - partLength, offset + length - from)
        System.arraycopy(bytes, from, part, partLength, copied)
        partLength += copied
        from += copied
        if (partLength == part.length) sendPart()
      }
    }
  }

  /** Sends the rest. Returns the end of a run with this result. */
  def finish(): RunEnd =
    if (!begun) Succeeded(whole.toString("UTF-8"))
    else {
      sendPart()
      Streamed
    }

  private def sendPart(): Unit = if (partLength > 0) {
    window.acquire(partLength)
    connection.sendPart(run, part, 0, partLength)
    partLength = 0
  }
}

object ResultSink {
  private val PartBytes = 64 * 1024
}
