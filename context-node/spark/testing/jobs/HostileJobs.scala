package hearth.test

import com.typesafe.config.Config
import org.apache.spark.SparkContext
import org.scalactic.{Every, Good, Or}
import spark.jobserver.api.{JobEnvironment, SparkJob, ValidationProblem}

trait HostileJob extends SparkJob {
  type JobData = Config
  type JobOutput = Any

  override def validate(sc: SparkContext, runtime: JobEnvironment, config: Config): Config Or Every[ValidationProblem] = Good(config)
}

/** Ends the JVM. */
object ExitJob extends HostileJob {
  override def runJob(sc: SparkContext, runtime: JobEnvironment, config: Config): Any = System.exit(0)
}

/** Stops what it shares with other jobs. */
object StopJob extends HostileJob {
  override def runJob(sc: SparkContext, runtime: JobEnvironment, config: Config): Any = {
    sc.stop()
    Thread.sleep(60000)
  }
}

/** Ignores its cancellation. */
object StubbornJob extends HostileJob {
  override def runJob(sc: SparkContext, runtime: JobEnvironment, config: Config): Any =
    while (true) try Thread.sleep(1000) catch { case _: InterruptedException => }
}

/** Takes all memory. */
object HeapJob extends HostileJob {
  override def runJob(sc: SparkContext, runtime: JobEnvironment, config: Config): Any =
    Iterator.continually(new Array[Byte](16 * 1024 * 1024)).toList.size
}
