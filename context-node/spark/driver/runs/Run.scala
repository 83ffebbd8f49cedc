package hearth.driver

/** A run that goes on: its thread, its credit, its log. */
final class Run(val number: Int, val jobId: String, val work: Work, val config: String) {
  val window = new PartWindow
  val log = new LogBuffer(number)
  val out = new LineBuffer(line => log.add("INFO", line))
  val err = new LineBuffer(line => log.add("ERROR", line))

  @volatile private var abortReason: Option[String] = None
  private var thread: Option[Thread] = None

  /** The calling thread works for this run from now on. */
  def begin(): Unit = synchronized { thread = Some(Thread.currentThread()) }

  /** The code of the job has returned: its thread is not interrupted any more. */
  def leave(): Unit = synchronized {
    thread = None
    Thread.interrupted()
  }

  /** Why the run was aborted, if it was. */
  def aborted: Option[String] = abortReason

  def abort(reason: String): Unit = abortReason = Some(reason)

  /** Interrupts the code of the job, wherever it waits. */
  def interrupt(): Unit = synchronized(thread.foreach(_.interrupt()))

  /** Whether the thread runs the code of this run. */
  def isRunOf(other: Thread): Boolean = synchronized(thread.contains(other))
}
