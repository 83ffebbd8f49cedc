package hearth.driver

import java.net.{URL, URLClassLoader}
import java.nio.file.Path

/**
 * The classes of all jobs of the context, over those of Spark and the driver.
 *
 * It is the context class loader of the thread that makes the SparkContext: Spark's own threads inherit it, so results and exceptions
 * of the jobs' classes come back from executors. Hence there is one namespace of classes per application.
 */
final class JobClassLoader(parent: ClassLoader) extends URLClassLoader(new Array[URL](0), parent) {
  def add(jar: Path): Unit = addURL(jar.toUri.toURL)
}
