package hearth.driver

/** The credit of a run for parts of its result: a job that is faster than the node waits. */
final class PartWindow {
  private var free = Protocol.PartWindowBytes
  private var refusal: Option[String] = None

  /** Waits until this number of bytes may be sent. Throws [[ResultRefused]] once the node refuses further parts, and `InterruptedException`. */
  def acquire(bytes: Int): Unit = synchronized {
    while (refusal.isEmpty && free < bytes) wait()
    refusal.foreach(reason => throw new ResultRefused(reason))
    free -= bytes
  }

  /** Adds the bytes that the node has acknowledged to the credit. */
  def release(bytes: Long): Unit = synchronized {
    free = math.min(free + bytes, Protocol.PartWindowBytes)
    notifyAll()
  }

  /** Refuses all further parts, as the node asks. */
  def refuse(reason: String): Unit = synchronized {
    refusal = Some(reason)
    notifyAll()
  }
}

/** The node refused the rest of a result. */
final class ResultRefused(reason: String) extends Exception(if (reason.isEmpty) "The result is too large" else reason)
