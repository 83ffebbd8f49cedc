package hearth.driver

import java.util.concurrent.{ConcurrentHashMap, CountDownLatch}
import java.util.concurrent.TimeUnit.MILLISECONDS

import org.apache.spark.SparkContext
import org.apache.spark.hearth.{ListenerBus, Marker}
import org.apache.spark.scheduler._

/** Follows Spark's jobs, stages and tasks, and sends the progress of the runs to which they belong. */
final class ProgressListener(connection: Connection, directory: RunDirectory, applicationEnded: () => Unit) extends SparkListener {
  private final class SparkJob(val progress: RunProgress, val stageIds: Seq[Int])

  private val progress = new ConcurrentHashMap[Int, RunProgress]()
  private val jobs = new ConcurrentHashMap[Int, SparkJob]()
  private val ofStage = new ConcurrentHashMap[Int, RunProgress]()

  def start(timer: Timer): Unit = timer.every(ProgressListener.IntervalMs)(sendAll())

  /** A run begins. */
  def begin(run: Run): Unit = progress.put(run.number, new RunProgress(run.number))

  /** A run ends: sends its last progress, once Spark's earlier events have arrived, or after a time limit. */
  def finish(run: Run, context: SparkContext): Unit = {
    val marker = new Marker(new CountDownLatch(1))
    try if (!context.isStopped) {
      ListenerBus.post(context, marker)
      marker.seen.await(ProgressListener.LongestWaitMs, MILLISECONDS)
    } finally Option(progress.remove(run.number)).foreach(send)
  }

  /** Running Spark jobs of a run. */
  def jobsOf(run: Run): Set[Int] = Option(progress.get(run.number)).map(_.jobs).getOrElse(Set.empty)

  override def onJobStart(event: SparkListenerJobStart): Unit =
    runOf(event.properties).foreach { found =>
      jobs.put(event.jobId, new SparkJob(found, event.stageIds.toVector))
      event.stageIds.foreach(ofStage.put(_, found))
      found.jobStarted(event.jobId, event.stageInfos)
    }

  override def onJobEnd(event: SparkListenerJobEnd): Unit =
    Option(jobs.remove(event.jobId)).foreach { job =>
      job.progress.jobEnded(event.jobId, job.stageIds)
      job.stageIds.foreach(id => ofStage.remove(id, job.progress))
    }

  override def onStageSubmitted(event: SparkListenerStageSubmitted): Unit =
    inStage(event.stageInfo.stageId)(_.stageSubmitted(event.stageInfo))

  override def onStageCompleted(event: SparkListenerStageCompleted): Unit =
    inStage(event.stageInfo.stageId)(_.stageEnded(event.stageInfo))

  override def onTaskStart(event: SparkListenerTaskStart): Unit =
    inStage(event.stageId)(_.task(event.stageId, event.stageAttemptId)(_.taskStarted()))

  override def onTaskEnd(event: SparkListenerTaskEnd): Unit =
    inStage(event.stageId)(_.task(event.stageId, event.stageAttemptId)(_.taskEnded(event.taskInfo.successful, event.taskMetrics)))

  override def onApplicationEnd(event: SparkListenerApplicationEnd): Unit = applicationEnded()

  override def onOtherEvent(event: SparkListenerEvent): Unit = event match {
    case marker: Marker => marker.seen.countDown()
    case _ => ()
  }

  private def inStage(id: Int)(record: RunProgress => Unit): Unit = {
    val found = ofStage.get(id)
    if (found != null) record(found)
  }

  private def runOf(properties: java.util.Properties): Option[RunProgress] =
    for {
      all <- Option(properties)
      number <- Option(all.getProperty(RunDirectory.Property))
      run <- directory.find(_.number.toString == number)
      found <- Option(progress.get(run.number))
    } yield found

  private def sendAll(): Unit = progress.values.forEach(found => send(found))

  // Under its lock, so that messages leave in the order in which they are made.
  private def send(found: RunProgress): Unit = found.synchronized(found.takeMessage().foreach(connection.send))
}

object ProgressListener {
  private val IntervalMs = 250L
  private val LongestWaitMs = 200L
}
