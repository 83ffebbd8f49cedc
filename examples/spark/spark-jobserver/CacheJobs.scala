package spark.jobserver

import com.typesafe.config.Config
import org.apache.spark.SparkContext
import org.apache.spark.rdd.RDD
import org.scalactic.{Every, Good, Or}
import spark.jobserver.api.{JobEnvironment, ValidationProblem}

/** Keeps an RDD in the memory of the executors by Spark's own means, for AccessCacheJob. */
object CacheSomethingJob extends api.SparkJob with AnyConfig {
  type JobOutput = Int

  val Name = "doubled"

  override def runJob(sc: SparkContext, runtime: JobEnvironment, config: Config): Int = {
    val doubled = sc.parallelize(Seq(1, 2, 30, 80, 100)).map(_ * 2).setName(Name).cache()
    doubled.reduce(_ + _)
  }
}

object AccessCacheJob extends api.SparkJob with AnyConfig {
  type JobOutput = Int

  override def runJob(sc: SparkContext, runtime: JobEnvironment, config: Config): Int =
    sc.getPersistentRDDs.values.find(_.name == CacheSomethingJob.Name) match {
      case Some(rdd) => rdd.asInstanceOf[RDD[Int]].reduce(_ + _)
      case None => throw new NoSuchElementException("nothing is cached: run CacheSomethingJob in this context first")
    }
}

/** An RDD that the jobs of a context share by its name. With the old API. */
object CacheRddByNameJob extends SparkJob with NamedRddSupport {
  override def validate(sc: SparkContext, config: Config): SparkJobValidation = SparkJobValid

  override def runJob(sc: SparkContext, config: Config): Any =
    namedRdds.getOrElseCreate("numbers", sc.parallelize(1 to 10)).reduce(_ + _)
}
