package spark.jobserver

import org.apache.spark.SparkContext

/** What all contexts of spark-jobserver have in common. */
trait ContextLike {
  def sparkContext: SparkContext

  def stop(): Unit
}
