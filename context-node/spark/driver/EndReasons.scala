package hearth.driver

/** Finds out why the SparkContext or the JVM ends, from the stacks of its threads and from what Spark logged. */
final class EndReasons(directory: RunDirectory, failures: ClusterFailures) {

  /** Why the SparkContext was stopped. */
  def ofContext(): String =
    callerOf(frame => frame.getClassName == "org.apache.spark.SparkContext" && frame.getMethodName == "stop") match {
      case Some(caller) => s"$caller stopped the SparkContext"
      case None => failures.ofCluster match {
        case Some(reason) => s"Spark's cluster ended the application: $reason"
        case None => "The SparkContext was stopped, by a job or by Spark's cluster"
      }
    }

  /** Why the JVM shuts down. */
  def ofJvm(): String =
    if (failures.ranOutOfMemory) "The Spark driver ran out of memory: create the context with more memory (memoryBytes, launcher.spark.driver.memory)"
    else callerOf(frame => frame.getClassName == "java.lang.System" && frame.getMethodName == "exit") match {
      case Some(caller) => s"$caller ended the driver's JVM (System.exit)"
      case None => "The driver's JVM was asked to end, by a signal"
    }

  private def callerOf(isCall: StackTraceElement => Boolean): Option[String] = {
    val stacks = Thread.getAllStackTraces.entrySet.iterator
    while (stacks.hasNext) {
      val entry = stacks.next()
      if (entry.getValue.exists(isCall) && isOfJob(entry.getValue)) return Some(nameOf(entry.getKey))
    }
    None
  }

  private def nameOf(thread: Thread): String =
    directory.find(_.isRunOf(thread)).map(run => s"Job ${run.jobId}").getOrElse(s"A job (thread ${thread.getName})")

  // Spark stops its context in threads of its own, and exits in the handler of uncaught exceptions.
  private def isOfJob(stack: Array[StackTraceElement]): Boolean = !stack.exists { frame =>
    frame.getClassName.startsWith("org.apache.spark.util.SparkUncaughtExceptionHandler") ||
      frame.getClassName.startsWith("org.apache.spark.SparkContext$$anon") && frame.getMethodName == "run"
  }
}
