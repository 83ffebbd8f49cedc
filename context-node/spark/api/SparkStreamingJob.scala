package spark.jobserver

import org.apache.spark.streaming.StreamingContext

/** A job that gets a `StreamingContext` of its own, and starts it. */
trait SparkStreamingJob extends SparkJobBase {
  type C = StreamingContext
}
