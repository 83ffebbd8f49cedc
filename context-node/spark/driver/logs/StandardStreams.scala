package hearth.driver

import java.io.{OutputStream, PrintStream}

/** Passes what the threads of a run print to the log of the run. Other output goes to the original streams. */
final class StandardStreams(directory: RunDirectory) {
  private val out = redirect(System.out, _.out)
  private val err = redirect(System.err, _.err)

  /** Replaces `System.out` and `System.err`. */
  def install(): Unit = {
    System.setOut(out)
    System.setErr(err)
  }

  /** Runs a body in which Scala's `println` goes to the same streams: Scala may have captured the original ones. */
  def within[T](body: => T): T = Console.withOut(out)(Console.withErr(err)(body))

  private def redirect(original: PrintStream, lines: Run => LineBuffer): PrintStream =
    new PrintStream(new OutputStream {
      override def write(byte: Int): Unit = write(Array(byte.toByte), 0, 1)

      override def write(bytes: Array[Byte], offset: Int, length: Int): Unit = directory.ofThread() match {
        case Some(run) => lines(run).write(bytes, offset, length)
        case None => original.write(bytes, offset, length)
      }

      override def flush(): Unit = original.flush()
    }, true, "UTF-8")
}
