package hearth.driver

import java.io.ByteArrayOutputStream

/** Splits the bytes that a job prints into lines. Splits a line beyond the bound, too. */
final class LineBuffer(emit: String => Unit) {
  private val line = new ByteArrayOutputStream(256)

  def write(bytes: Array[Byte], offset: Int, length: Int): Unit = synchronized {
    var start = offset
    var i = offset
    while (i < offset + length) {
      if (bytes(i) == '\n') {
        line.write(bytes, start, i - start)
        flush()
        start = i + 1
      } else if (line.size + i - start >= LineBuffer.LongestLine) {
        line.write(bytes, start, i - start)
        flush()
        start = i
      }
      i += 1
    }
    line.write(bytes, start, offset + length - start)
  }

  /** Emits the incomplete last line. */
  def close(): Unit = synchronized(if (line.size > 0) flush())

  private def flush(): Unit = {
    val text = line.toString("UTF-8")
    line.reset()
    emit(if (text.endsWith("\r")) text.dropRight(1) else text)
  }
}

object LineBuffer {
  private val LongestLine = 16 * 1024
}
