package hearth.e2e

import com.typesafe.config.Config
import org.apache.spark.SparkContext
import org.scalactic.{Every, Good, Or}
import spark.jobserver.NamedRddSupport
import spark.jobserver.api.{DataFileCache, JobEnvironment, SparkJob, ValidationProblem}

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

class UnreadableFailure extends RuntimeException {
  override def getMessage: String = throw new NoClassDefFoundError("hearth.e2e.Absent")
}

object UnreadableFailureJob extends TestJob {
  override def runJob(sc: SparkContext, config: Config): Any = throw new UnreadableFailure
}

/** Keeps an RDD of a file that does not exist under the name `missing`. */
object KeepMissingJob extends TestJob with NamedRddSupport {
  override def runJob(sc: SparkContext, config: Config): Any = {
    namedRdds.update("missing", sc.textFile("/hearth/no/such/file"), forceComputation = false)
    "kept"
  }
}

/** The text of the data file `words.txt`. */
object ReadWordsJob extends SparkJob {
  type JobData = Config
  type JobOutput = String

  override def validate(sc: SparkContext, runtime: JobEnvironment, config: Config): Config Or Every[ValidationProblem] = Good(config)

  override def runJob(sc: SparkContext, runtime: JobEnvironment, config: Config): String = runtime match {
    case files: DataFileCache => sc.textFile(files.getDataFile("words.txt").getPath).collect().mkString
  }
}
