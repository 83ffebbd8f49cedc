package spark.jobserver

import com.typesafe.config.Config
import org.apache.spark.streaming.StreamingContext
import org.apache.spark.streaming.dstream.ConstantInputDStream

/** Counts the same lines in each batch until it is killed. For contexts of StreamingContextFactory. */
object StreamingTestJob extends SparkStreamingJob {
  override def validate(sc: StreamingContext, config: Config): SparkJobValidation = SparkJobValid

  override def runJob(sc: StreamingContext, config: Config): Any = {
    val lines = sc.sparkContext.parallelize(Seq("a b", "b c"))
    new ConstantInputDStream(sc, lines).flatMap(_.split(" ")).countByValue().print()
    sc.start()
    sc.awaitTermination()
  }
}
