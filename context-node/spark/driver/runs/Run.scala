package hearth.driver

/** A running run: its thread, its credit, its log. */
final class Run(val number: Int, val jobId: String, val work: Work, val config: String) {
  val window = new PartWindow
  val log = new LogBuffer(number)
  val out = new LineBuffer(line => log.add("INFO", line))
  val err = new LineBuffer(line => log.add("ERROR", line))

  @volatile private var abortReason: Option[String] = None
  private var thread: Option[Thread] = None

  /** Makes the calling thread work for this run. */
  def begin(): Unit = synchronized { thread = Some(Thread.currentThread()) }

  /** Called when the code of the job has returned: ends the interrupts. */
  def leave(): Unit = synchronized {
    thread = None
    Thread.interrupted()
  }

  /** Why the run was aborted, if it was. */
  def aborted: Option[String] = abortReason

  def abort(reason: String): Unit = abortReason = Some(reason)

  /** Interrupts the code of the job. */
  def interrupt(): Unit = synchronized(thread.foreach(_.interrupt()))

  /** Whether the thread runs the code of this run. */
  def isRunOf(other: Thread): Boolean = synchronized(thread.contains(other))
}
