package spark.jobserver

import com.typesafe.config.Config
import org.apache.spark.SparkContext
import org.scalactic.{Every, Good, Or}
import scala.concurrent.duration.{Deadline, DurationInt}
import scala.util.Random
import spark.jobserver.api.{JobEnvironment, ValidationProblem}

/** Approximates π by small Spark jobs, one after the other, for `stress.test.longpijob.duration` seconds. */
object LongPiJob extends api.SparkJob {
  type JobData = Int
  type JobOutput = Double

  private val Points = 100000

  override def validate(sc: SparkContext, runtime: JobEnvironment, config: Config): Int Or Every[ValidationProblem] = {
    val path = "stress.test.longpijob.duration"
    Good(if (config.hasPath(path)) config.getInt(path) else 5)
  }

  override def runJob(sc: SparkContext, runtime: JobEnvironment, seconds: Int): Double = {
    val end = Deadline.now + seconds.seconds
    var rounds = 0L
    var hits = 0L
    do {
      hits += sc.parallelize(1 to Points).filter(_ => isHit(Random.nextDouble(), Random.nextDouble())).count()
      rounds += 1
    } while (end.hasTimeLeft())
    4.0 * hits / (rounds * Points)
  }

  /** Whether a point of the unit square is in the circle. */
  private def isHit(x: Double, y: Double): Boolean = x * x + y * y < 1
}

/** Sleeps in the driver, where cancelling Spark's jobs does not reach it, for `sleep.time.millis`, and returns that. */
object SleepJob extends api.SparkJob {
  type JobData = Long
  type JobOutput = Long

  override def validate(sc: SparkContext, runtime: JobEnvironment, config: Config): Long Or Every[ValidationProblem] =
    Good(config.getLong("sleep.time.millis"))

  override def runJob(sc: SparkContext, runtime: JobEnvironment, millis: Long): Long = {
    Thread.sleep(millis)
    millis
  }
}
