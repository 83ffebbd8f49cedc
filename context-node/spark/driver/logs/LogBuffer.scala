package hearth.driver

import java.util.ArrayDeque

/** A line of a log: milliseconds since 1970, one of the four levels of `driver_protocol.ts`, and its text. */
final case class LogLine(time: Long, level: String, text: String)

/** Buffers the unsent lines of a run. Drops and counts lines beyond its bound. Never blocks for long. */
final class LogBuffer(val run: Int) {
  private val lines = new ArrayDeque[LogLine]()
  private var characters = 0L
  private var dropped = 0L

  def add(level: String, text: String): Unit = {
    val line = LogLine(System.currentTimeMillis(), level, Text.cut(text, LogBuffer.LongestLine))
    synchronized {
      if (characters + line.text.length > LogBuffer.MostCharacters || lines.size >= LogBuffer.MostLines) dropped += 1
      else {
        lines.add(line)
        characters += line.text.length
      }
    }
  }

  def isEmpty: Boolean = synchronized(lines.isEmpty && dropped == 0)

  /** Takes the lines for one message. The last line says how many were dropped. */
  def take(): Seq[LogLine] = synchronized {
    var taken = Vector.empty[LogLine]
    var length = 0
    while (!lines.isEmpty && length + lines.peek.text.length <= LogBuffer.MostInMessage && taken.size < LogBuffer.MostLinesInMessage) {
      val line = lines.poll()
      length += line.text.length
      characters -= line.text.length
      taken = taken :+ line
    }
    if (lines.isEmpty && dropped > 0) {
      taken = taken :+ LogLine(System.currentTimeMillis(), "WARN", s"$dropped lines were dropped here: they came faster than the node takes them")
      dropped = 0
    }
    taken
  }
}

object LogBuffer {
  private val LongestLine = 16 * 1024
  private val MostCharacters = 1024 * 1024
  private val MostLines = 10000
  private val MostInMessage = 64 * 1024
  private val MostLinesInMessage = 1000
}
