package hearth.driver

import java.util.TreeMap

import com.fasterxml.jackson.databind.node.ObjectNode
import org.apache.spark.scheduler.StageInfo

/**
 * The progress of a run: the share of finished tasks in all known stages that are not skipped. It never decreases, although adaptive
 * plans and further Spark jobs add stages late, and it stays below 1.
 */
final class RunProgress(run: Int) {
  // By id and attempt. Ids grow, so the newest are last.
  private val stages = new TreeMap[(Int, Int), StageProgress](Ordering[(Int, Int)])
  private var activeJobs = Set.empty[Int]
  private var pastTasks = 0L
  private var pastStages = 0
  private var fraction = 0.0
  private var changed = false

  def jobStarted(job: Int, infos: Iterable[StageInfo]): Unit = synchronized {
    activeJobs += job
    infos.foreach(find)
    changed = true
  }

  /** Stages of the job that never began were skipped. */
  def jobEnded(job: Int, stageIds: Seq[Int]): Unit = synchronized {
    activeJobs -= job
    stageIds.foreach(id => Option(stages.get((id, 0))).filter(_.isPending).foreach(_.skip()))
    forget()
    changed = true
  }

  def stageSubmitted(info: StageInfo): Unit = change(info)(_.submitted(info))

  def stageEnded(info: StageInfo): Unit = change(info)(_.ended(info))

  def task(stage: Int, attempt: Int)(record: StageProgress => Unit): Unit = synchronized {
    Option(stages.get((stage, attempt))).foreach(record)
    changed = true
  }

  /** Running Spark jobs of this run. */
  def jobs: Set[Int] = synchronized(activeJobs)

  /** Returns the message, if anything has changed since the last one. */
  def takeMessage(): Option[ObjectNode] = synchronized {
    if (!changed) None
    else {
      changed = false
      advance()
      val message = DriverMessage.progress(run, fraction, text)
      val array = message.putArray("stages")
      listed.foreach(stage => stage.writeTo(array.addObject()))
      Some(message)
    }
  }

  private def change(info: StageInfo)(record: StageProgress => Unit): Unit = synchronized {
    record(find(info))
    changed = true
  }

  private def find(info: StageInfo): StageProgress =
    stages.computeIfAbsent((info.stageId, info.attemptNumber()), _ => new StageProgress(info.stageId, info.attemptNumber(), info.name, info.numTasks))

  private def advance(): Unit = {
    var done = pastTasks
    var all = pastTasks
    stages.values.forEach { stage =>
      done += stage.completedTasks
      all += stage.countedTasks
    }
    if (all > 0) fraction = math.max(fraction, math.min(done.toDouble / all, RunProgress.MostFraction))
  }

  private def text: String = {
    val real = all.filter(!_.isSkipped)
    val over = real.count(_.isOver) + pastStages
    val count = real.size + pastStages
    real.filter(_.isActive).lastOption match {
      case Some(stage) => s"stage ${math.min(over + 1, count)} of $count: ${stage.name}"
      case None => s"$over of $count stages done"
    }
  }

  /** The active stages and the newest others, in their order. */
  private def listed: Vector[StageProgress] = {
    val (active, others) = all.partition(_.isActive)
    val kept = active.takeRight(Protocol.MostStages)
    (kept ++ others.takeRight(Protocol.MostStages - kept.size)).sortBy(stage => (stage.id, stage.attempt))
  }

  private def all: Vector[StageProgress] = {
    val found = Vector.newBuilder[StageProgress]
    stages.values.forEach(stage => found += stage)
    found.result()
  }

  /** Drops the oldest of thousands of stages, and keeps their counts. */
  private def forget(): Unit = {
    val old = stages.values.iterator
    while (stages.size > RunProgress.MostKept && old.hasNext) {
      val stage = old.next()
      if (stage.isOver) {
        pastTasks += stage.completedTasks
        if (!stage.isSkipped) pastStages += 1
        old.remove()
      }
    }
  }
}

object RunProgress {
  private val MostKept = 2 * Protocol.MostStages
  private val MostFraction = 0.99
}
