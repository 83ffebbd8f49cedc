package hearth.driver

import java.io.IOException
import java.nio.file.Path
import java.util.HashMap
import java.util.zip.ZipFile

/** The classes of a jar: the CRC and size of each, by the name of its entry. */
final class JarIndex(val classes: HashMap[String, ClassStamp])

/** Tells versions of a class apart. */
final case class ClassStamp(crc: Long, size: Long)

object JarIndex {

  /** Reads the directory of a jar. Throws `IOException` if it is no zip file. */
  def read(jar: Path): JarIndex = {
    val classes = new HashMap[String, ClassStamp]()
    val zip = try new ZipFile(jar.toFile) catch { case error: IOException => throw new IOException(s"it is no jar: ${error.getMessage}", error) }
    try zip.stream().forEach { entry =>
      if (isClass(entry.getName)) classes.putIfAbsent(entry.getName, ClassStamp(entry.getCrc, entry.getSize))
    } finally zip.close()
    new JarIndex(classes)
  }

  private def isClass(name: String): Boolean =
    name.endsWith(".class") && !name.startsWith("META-INF/") && !name.endsWith("module-info.class")
}
