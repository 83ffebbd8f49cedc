package hearth.driver

import java.nio.file.{Files, Path, Paths}

import com.typesafe.config.Config
import org.apache.spark.SparkContext
import org.scalactic.Or
import spark.jobserver.api.SparkJobBase

/** The jars that the classes of jobs need on executors: the job API and its libraries. */
object PlatformJars {
  private val members = Seq(classOf[SparkJobBase], classOf[Config], classOf[Or[_, _]])

  /** Ships the jars to executors, unless the settings of the application do. Executors of a local master run in this JVM. */
  def addTo(context: SparkContext): Unit = if (!context.isLocal) {
    val shipped = context.listJars().map(jar => jar.substring(jar.lastIndexOf('/') + 1)).toSet
    members.flatMap(jarOf).distinct.filter(jar => !shipped(jar.getFileName.toString)).foreach(jar => context.addJar(jar.toString))
  }

  private def jarOf(member: Class[_]): Option[Path] =
    Option(member.getProtectionDomain.getCodeSource).map(source => Paths.get(source.getLocation.toURI)).filter(Files.isRegularFile(_))
}
