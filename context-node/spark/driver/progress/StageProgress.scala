package hearth.driver

import com.fasterxml.jackson.databind.node.ObjectNode
import org.apache.spark.executor.TaskMetrics
import org.apache.spark.scheduler.StageInfo

/** The state of an attempt of a stage. Used by the thread of the listener, under the lock of its run. */
final class StageProgress(val id: Int, val attempt: Int, val name: String, val tasks: Int) {
  private var state = "PENDING"
  private var completed = 0
  private var failed = 0
  private var running = 0
  private var inputBytes = 0L
  private var outputBytes = 0L
  private var shuffleReadBytes = 0L
  private var shuffleWriteBytes = 0L
  private var executorRunMs = 0L
  private var submitTime = 0L
  private var endTime = 0L
  private var failure = ""

  def isPending: Boolean = state == "PENDING"
  def isActive: Boolean = state == "ACTIVE"
  def isSkipped: Boolean = state == "SKIPPED"
  def isOver: Boolean = !isPending && !isActive

  /** Tasks that have succeeded. Copies that ran speculatively count once. */
  def completedTasks: Int = math.min(completed, tasks)

  /** Number of tasks. A failed attempt counts only the tasks that it finished: the next attempt runs the rest. */
  def countedTasks: Int = if (isSkipped) 0 else if (state == "FAILED") completedTasks else tasks

  def submitted(info: StageInfo): Unit = {
    state = "ACTIVE"
    submitTime = info.submissionTime.getOrElse(System.currentTimeMillis())
  }

  def taskStarted(): Unit = running += 1

  def taskEnded(successful: Boolean, metrics: TaskMetrics): Unit = {
    running = math.max(0, running - 1)
    if (successful) completed += 1 else failed += 1
    // A lost executor reports nothing.
    if (metrics != null) {
      inputBytes += metrics.inputMetrics.bytesRead
      outputBytes += metrics.outputMetrics.bytesWritten
      shuffleReadBytes += metrics.shuffleReadMetrics.totalBytesRead
      shuffleWriteBytes += metrics.shuffleWriteMetrics.bytesWritten
      executorRunMs += metrics.executorRunTime
    }
  }

  def ended(info: StageInfo): Unit = {
    state = if (info.failureReason.isEmpty) "COMPLETE" else "FAILED"
    failure = info.failureReason.getOrElse("")
    endTime = info.completionTime.getOrElse(System.currentTimeMillis())
    running = 0
  }

  /** Spark already had the output of the stage, and skipped it. */
  def skip(): Unit = state = "SKIPPED"

  def writeTo(node: ObjectNode): Unit =
    node
      .put("id", id)
      .put("attempt", attempt)
      .put("name", Text.cut(name, 256))
      .put("state", state)
      .put("tasks", tasks)
      .put("completedTasks", completedTasks)
      .put("failedTasks", failed)
      .put("runningTasks", running)
      .put("inputBytes", math.max(0, inputBytes))
      .put("outputBytes", math.max(0, outputBytes))
      .put("shuffleReadBytes", math.max(0, shuffleReadBytes))
      .put("shuffleWriteBytes", math.max(0, shuffleWriteBytes))
      .put("executorRunMs", math.max(0, executorRunMs))
      .put("submitTime", submitTime)
      .put("endTime", endTime)
      .put("failure", Text.cut(failure, 512))
}
