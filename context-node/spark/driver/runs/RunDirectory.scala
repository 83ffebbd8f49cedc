package hearth.driver

import java.util.concurrent.ConcurrentHashMap

import org.apache.spark.{SparkContext, TaskContext}

/** The active runs, and the run that each thread works for. */
final class RunDirectory {
  private val runs = new ConcurrentHashMap[Int, Run]()
  private val ofStartingThread = new InheritableThreadLocal[Run]()
  @volatile private var context: Option[SparkContext] = None

  /** Also recognizes the threads that Spark has given the properties of a run, from now on. */
  def use(sparkContext: SparkContext): Unit = context = Some(sparkContext)

  def register(run: Run): Unit = runs.put(run.number, run)

  /** Makes the calling thread, and the threads that it starts from now on, work for the run. */
  def enter(run: Run): Unit = ofStartingThread.set(run)

  def remove(run: Run): Unit = runs.remove(run.number)

  def get(number: Int): Option[Run] = Option(runs.get(number))

  def foreach(body: Run => Unit): Unit = runs.values.forEach(run => body(run))

  def find(test: Run => Boolean): Option[Run] = {
    val all = runs.values.iterator
    while (all.hasNext) {
      val run = all.next()
      if (test(run)) return Some(run)
    }
    None
  }

  /**
   * The run that the calling thread works for. Spark's properties take precedence: its pools keep threads that an earlier run started.
   */
  def ofThread(): Option[Run] =
    ofProperty(taskProperty).orElse(ofProperty(contextProperty)).orElse {
      Option(ofStartingThread.get).filter(run => runs.containsKey(run.number))
    }

  private def taskProperty: String = {
    val task = TaskContext.get()
    if (task == null) null else task.getLocalProperty(RunDirectory.Property)
  }

  private def contextProperty: String = context.map(_.getLocalProperty(RunDirectory.Property)).orNull

  // A job may set any property.
  private def ofProperty(value: String): Option[Run] =
    if (value == null) None
    else try Option(runs.get(value.toInt)) catch { case _: NumberFormatException => None }
}

object RunDirectory {

  /** The local property of Spark that carries the number of the run, also where the job sets a job group of its own. */
  val Property = "hearth.run"
}
