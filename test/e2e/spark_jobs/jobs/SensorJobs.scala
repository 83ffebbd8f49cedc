package hearth.e2e

import com.typesafe.config.Config
import org.apache.spark.SparkContext
import org.apache.spark.rdd.RDD
import org.apache.spark.storage.StorageLevel
import spark.jobserver.NamedRddSupport

case class Reading(sensor: String, value: Double)

case class BrokenSensor(sensor: String) extends RuntimeException(s"sensor $sensor is broken")

object Readings {
  /** Made on executors, in two partitions. */
  def of(sc: SparkContext, count: Int): RDD[Reading] =
    sc.parallelize(1 to count, 2).map(n => Reading(s"s${n % 2}", n / 2.0))
}

/** Instances of a class of the jar, made on executors, in a result. */
object ListReadings extends TestJob {
  override def runJob(sc: SparkContext, config: Config): Any = {
    val readings = Readings.of(sc, 3).collect()
    Map("first" -> readings.head, "all" -> readings.toSeq)
  }
}

/** Throws an exception that only the jar has, where `where` says: on an executor, or in the driver. */
object FailBySensor extends TestJob {
  override def runJob(sc: SparkContext, config: Config): Any =
    if (config.getString("where") == "driver") throw BrokenSensor("s7")
    else Readings.of(sc, 4).foreach(reading => if (reading.value > 1) throw BrokenSensor(reading.sensor))
}

/** Keeps an RDD of instances of a class of the jar under the name `readings`. */
object KeepReadings extends TestJob with NamedRddSupport {
  override def runJob(sc: SparkContext, config: Config): Any =
    namedRdds.getOrElseCreate("readings", Readings.of(sc, 1000), storageLevel = StorageLevel.MEMORY_AND_DISK).count()
}

/** Works on what KeepReadings has kept, with closures that executors run. */
object SumReadings extends TestJob with NamedRddSupport {
  override def runJob(sc: SparkContext, config: Config): Any =
    namedRdds.get[Reading]("readings") match {
      case Some(readings) => readings.map(reading => (reading.sensor, reading.value)).reduceByKey(_ + _).collectAsMap().toMap
      case None => "nothing is kept"
    }
}

/** Tasks that take `millis` each, on executors, after a shuffle: two stages. */
object SlowTasks extends TestJob {
  override def runJob(sc: SparkContext, config: Config): Any = {
    val (tasks, millis) = (config.getInt("tasks"), config.getLong("millis"))
    sc.parallelize(1 to tasks, tasks)
      .map { n => Thread.sleep(millis); (n % 2, 1) }
      .reduceByKey(_ + _, 2)
      .map(_._2)
      .sum()
      .toLong
  }
}
