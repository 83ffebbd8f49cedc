package hearth.driver

import java.lang.reflect.InvocationTargetException

import com.typesafe.config.Config

/** Does the work of one run, in the thread that calls. */
final class RunExecution(run: Run, application: Application, contexts: RunContexts, loader: ClassLoader, connection: Connection) {

  /** Runs, and returns how the run ended. Throws nothing: a fatal error ends the job, and the driver continues. */
  def execute(): RunEnd =
    try run.work match {
      case job: JobWork => execute(job)
      case sql: SqlWork => execute(sql)
    } catch {
      case error: Throwable => try endOf(error) catch { case broken: Throwable => Failed(JobThrew, Thrown.undescribed(error, broken)) }
    }

  private def execute(work: JobWork): RunEnd = {
    val config = JobConfig.parse(run.config)
    val call = load(work)
    connection.send(DriverMessage.validating(run.number))
    call.validate(config) match {
      case Left(problems) => Rejected(problems.map(_.toString))
      case Right(job) =>
        connection.send(DriverMessage.running(run.number))
        val result = job()
        val sink = newSink()
        ResultWriter.write(result, sink)
        sink.finish()
    }
  }

  private def load(work: JobWork): JobCall = {
    application.classPath.ensure(work.jars)
    val environment = new RunEnvironment(run.jobId, application.named, application.contextConfig, new RunDataFiles(application.dataFiles))
    JobCall.of(new JobLoader(loader).load(work.main, work.jars.map(_.name)), contexts, environment)
  }

  private def execute(work: SqlWork): RunEnd = {
    connection.send(DriverMessage.running(run.number))
    val statement = new SqlRun(contexts.newSession(), work)
    val sink = newSink()
    statement.write(statement.analyse(), sink)
    sink.finish()
  }

  private def newSink(): ResultSink = new ResultSink(run.number, run.window, connection)

  private def endOf(error: Throwable): RunEnd = error match {
    case wrapped: InvocationTargetException if wrapped.getCause != null => endOf(wrapped.getCause)
    case conflict: ClassConflict => Conflict(conflict.getMessage)
    case _: JarUnusable | _: JobNotLoaded => Failed(LoadFailed, Thrown.of(error))
    case _: ExceptionInInitializerError => Failed(JobThrew, Thrown.of(error))
    case linkage: LinkageError => Failed(LoadFailed, Thrown.of(linkage.getClass.getName, LoadFailure.explain(linkage), linkage))
    case _: ResultRefused => Failed(ResultTooLarge, Thrown.of(error))
    case memory: OutOfMemoryError if RunExecution.ofHeap(memory) => Failed(OutOfMemory, Thrown.of(memory))
    case _ => Failed(JobThrew, Thrown.of(error))
  }
}

object RunExecution {
  private val HeapMessages = Set("Java heap space", "GC overhead limit exceeded")

  /** Messages of the JVM. A job may throw such an error itself, with other messages. */
  private def ofHeap(error: OutOfMemoryError): Boolean = HeapMessages(error.getMessage)
}
