package hearth.driver

/** The credit of a run for parts of its result: a job that the node does not keep up with waits. */
final class PartWindow {
  private var free = Protocol.PartWindowBytes
  private var refusal: Option[String] = None

  /** Waits until so many bytes may be sent. Throws [[ResultRefused]] once the node takes no more, and `InterruptedException`. */
  def acquire(bytes: Int): Unit = synchronized {
    while (refusal.isEmpty && free < bytes) wait()
    refusal.foreach(reason => throw new ResultRefused(reason))
    free -= bytes
  }

  /** The node has taken so many bytes. */
  def release(bytes: Long): Unit = synchronized {
    free = math.min(free + bytes, Protocol.PartWindowBytes)
    notifyAll()
  }

  /** The node takes no more parts. */
  def refuse(reason: String): Unit = synchronized {
    refusal = Some(reason)
    notifyAll()
  }
}

/** The node does not take the rest of a result. */
final class ResultRefused(reason: String) extends Exception(if (reason.isEmpty) "The result is too large" else reason)
