package hearth.e2e

import com.typesafe.config.Config
import org.apache.spark.SparkContext

/** Implements no job trait. */
class NoJob

class UnmakeableJob extends TestJob {
  throw new IllegalStateException("cannot be made")

  override def runJob(sc: SparkContext, config: Config): Any = "was made"
}

object CyclicJob extends TestJob {
  override def runJob(sc: SparkContext, config: Config): Any = {
    val list = new java.util.ArrayList[Any]
    list.add(list)
    list
  }
}

/** Writes `lines` long lines to its log as fast as it can. */
object FloodJob extends TestJob {
  override def runJob(sc: SparkContext, config: Config): Any = {
    val line = "flood " * 50
    (1 to config.getInt("lines")).foreach(n => println(s"$n $line"))
    "flooded"
  }
}

/** Leaves threads that go on after its end. */
object LeaveThreadsJob extends TestJob {
  override def runJob(sc: SparkContext, config: Config): Any = {
    (1 to 50).foreach { _ =>
      val thread = new Thread(() => while (true) try Thread.sleep(1000) catch { case _: InterruptedException => })
      thread.start()
    }
    "left"
  }
}
