package spark.jobserver

import com.typesafe.config.Config
import org.apache.spark.api.java.JavaSparkContext
import spark.jobserver.api.JobEnvironment
import spark.jobserver.japi.JSparkJob

/** A job of the API for Java: a class with an instance per run. Written in Scala, because Java needs a JDK to compile. */
class JavaHelloWorldJob extends JSparkJob[String] {
  override def run(sc: JavaSparkContext, runtime: JobEnvironment, data: Config): String = "Hi!"

  override def verify(sc: JavaSparkContext, runtime: JobEnvironment, config: Config): Config = config
}
