package hearth.driver

import java.util.concurrent.Executors

/** Composes the parts of the driver, and handles the messages of the node. */
final class Driver(connection: Connection, loader: JobClassLoader, folder: TemporaryFolder, end: DriverEnd) extends NodeListener {
  private final class Started(val application: Application, val runs: Runs)

  private val directory = new RunDirectory
  private val failures = new ClusterFailures
  private val reasons = new EndReasons(directory, failures)
  private val logs = new Logs(connection, directory)
  private val timer = new Timer(error => logs.own.add("ERROR", s"A task of the driver failed: ${Thrown.of(error).stack}"))
  private val streams = new StandardStreams(directory)
  private val master = new MasterWatch
  private val appender = new RunAppender(directory, logs.own, failures, master)
  private val content = new Content(connection)
  private val progress = new ProgressListener(connection, directory, () => lost())
  // Runs slow actions in order, so that the thread that reads does not wait.
  private val worker = Executors.newSingleThreadExecutor { task =>
    val thread = new Thread(task, "hearth-worker")
    thread.setDaemon(true)
    thread.setContextClassLoader(loader)
    thread
  }

  @volatile private var started: Option[Started] = None

  /** Sends `hello`. A spare then warms up, and sends `spare`. */
  def start(token: String, warm: Boolean): Unit = {
    // Before anything else: the node waits for it, and loading Log4j takes seconds on a busy machine.
    connection.send(DriverMessage.hello(token))
    connection.start(this)
    streams.install()
    appender.install()
    Runtime.getRuntime.addShutdownHook(new Thread(() => end.shutdown(connection, reasons.ofJvm()), "hearth-shutdown"))
    logs.start(timer)
    progress.start(timer)
    if (warm) worker.execute { () =>
      Warmth.raise()
      appender.install()
      connection.send(DriverMessage.spare())
    }
  }

  override def receive(message: NodeMessage): Unit = message match {
    case init: Init => worker.execute(() => begin(init))
    case work: RunWork => withStarted(s"start job ${work.jobId}")(_.runs.start(work))
    case Abort(run, reason) => started.foreach(_.runs.abort(run, reason))
    case taken: Taken => started.foreach(_.runs.taken(taken))
    case ListObjects(request, drop) => withStarted("list named objects")(known => worker.execute(() => list(known.application, request, drop)))
    case ContentEnd(request, error) => content.end(request, error)
    case Stop => endLater(() => end.stop(started.map(_.application.session)))
    case Beat => ()
  }

  override def content(request: Int, bytes: Array[Byte], offset: Int): Unit = content.receive(request, bytes, offset)

  private def begin(init: Init): Unit =
    try {
      val session = Application.startSession(init)
      appender.install()
      val context = session.sparkContext
      directory.use(context)
      context.addSparkListener(progress)
      PlatformJars.addTo(context)
      val classPath = new ClassPath(content, folder, loader, jar => context.addJar(jar.toString))
      val named = new NamedRegistry(new NamedViews(session, logs.own.add("WARN", _)))
      val application = new Application(
        session, init.kind == "streaming", init.batchIntervalMs, JobConfig.parse(init.contextConfig), classPath, named, new DataFiles(content, folder))
      started = Some(new Started(application, new Runs(application, loader, connection, directory, logs, progress, streams, timer)))
      connection.send(DriverMessage.ready(context.applicationId, context.uiWebUrl.getOrElse(""), context.master))
      timer.every(Driver.CheckIntervalMs) {
        if (context.isStopped) lost()
        else if (master.isForgotten(context)) end.lost(connection, logs, Driver.Forgotten)
      }
    } catch { case error: Throwable => end.notReady(connection, logs, error) }

  private def list(application: Application, request: Int, drop: Option[String]): Unit = {
    val listed = drop match {
      case Some(name) => application.named.find(name).map(name -> _).toSeq
      case None => application.named.all
    }
    try drop.foreach(application.named.drop)
    finally connection.send(new NamedObjectList(application.context).message(request, listed))
  }

  private def withStarted(action: String)(body: Started => Unit): Unit = started match {
    case Some(known) => body(known)
    case None => throw new IllegalStateException(s"The node asked to $action before the context was ready")
  }

  private def lost(): Unit = end.lost(connection, logs, reasons.ofContext())

  private def endLater(body: Runnable): Unit = new Thread(body, "hearth-stop").start()
}

object Driver {
  private val CheckIntervalMs = 500L
  private val Forgotten =
    "Spark's master was lost, or came back and has forgotten the application, and its executors are gone"
}
