package hearth.driver

/** Starts runs in a thread each, aborts them, and reports how they ended. */
final class Runs(
    application: Application,
    loader: ClassLoader,
    connection: Connection,
    directory: RunDirectory,
    logs: Logs,
    progress: ProgressListener,
    streams: StandardStreams,
    timer: Timer) {

  def start(message: RunWork): Unit = {
    val run = new Run(message.run, message.jobId, message.work, message.config)
    val thread = new Thread(() => perform(run), s"hearth-run-${run.number}")
    thread.setContextClassLoader(loader)
    thread.setDaemon(true)
    directory.register(run)
    thread.start()
  }

  /** Cancels the Spark jobs of the run and interrupts its thread, repeatedly until it ends. */
  def abort(number: Int, reason: String): Unit = directory.get(number).foreach { run =>
    run.abort(reason)
    if (!application.context.isStopped) application.context.cancelJobGroup(run.jobId)
    timer.whileTrue(Runs.AbortIntervalMs)(cancel(run))
  }

  def taken(message: Taken): Unit = directory.get(message.run).foreach { run =>
    if (message.bytes < 0) run.window.refuse(message.message) else run.window.release(message.bytes)
  }

  /** False once the run has ended. */
  private def cancel(run: Run): Boolean = {
    val goesOn = directory.get(run.number).contains(run)
    // Includes Spark jobs that started since, also in other job groups. Spark warns of a group without jobs.
    if (goesOn && !application.context.isStopped) progress.jobsOf(run).foreach(application.context.cancelJob)
    if (goesOn) run.interrupt()
    goesOn
  }

  private def perform(run: Run): Unit = {
    val contexts = new RunContexts(application)
    val end = orFailed(execute(run, contexts))
    run.leave()
    finish(run, contexts, run.aborted.map(killed(run, _, end)).getOrElse(end))
  }

  private def execute(run: Run, contexts: RunContexts): RunEnd = {
    directory.enter(run)
    progress.begin(run)
    val context = application.context
    context.setJobGroup(run.jobId, describe(run.work), interruptOnCancel = true)
    context.setLocalProperty(RunDirectory.Property, run.number.toString)
    run.begin()
    streams.within(new RunExecution(run, application, contexts, loader, connection).execute())
  }

  /** Sends the end even if an exception precedes it: without it the node would wait forever. */
  private def finish(run: Run, contexts: RunContexts, result: RunEnd): Unit = {
    val end = orFailed {
      contexts.close(run.aborted.isDefined)
      result
    }
    try progress.finish(run, application.context)
    finally {
      directory.remove(run)
      try logs.finish(run) finally send(run, end)
    }
  }

  private def send(run: Run, end: RunEnd): Unit =
    try connection.send(DriverMessage.end(run.number, end))
    catch {
      case error: Throwable =>
        connection.send(DriverMessage.end(run.number, Failed(JobThrew, Thrown(error.getClass.getName, "Cannot send how the job ended", ""))))
    }

  private def orFailed(end: => RunEnd): RunEnd =
    try end
    catch {
      case error: Throwable =>
        Failed(JobThrew, try Thrown.of(error) catch { case broken: Throwable => Thrown.undescribed(error, broken) })
    }

  private def killed(run: Run, reason: String, end: RunEnd): RunEnd = {
    val message = if (reason.isEmpty) s"Job ${run.jobId} killed" else s"Job ${run.jobId} killed: $reason"
    val stack = end match {
      case Failed(_, error) => error.stack
      case _ => ""
    }
    Failed(JobThrew, Thrown(Runs.KilledException, Text.cut(message, 4096), stack))
  }

  private def describe(work: Work): String = work match {
    case job: JobWork => job.main
    case sql: SqlWork => Text.cut(sql.statement, 200)
  }
}

object Runs {
  private val AbortIntervalMs = 100L

  /** The class name of the error in spark-jobserver. */
  private val KilledException = "spark.jobserver.JobManagerActor$JobKilledException"
}
