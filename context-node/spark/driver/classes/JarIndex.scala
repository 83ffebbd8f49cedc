package hearth.driver

import java.io.IOException
import java.nio.file.Path
import java.util.HashMap
import java.util.zip.ZipFile

/** The entries of a jar that jobs read, without META-INF: the CRC and size of each by its name. */
final class JarIndex(val entries: HashMap[String, EntryStamp])

/** Identifies a version of an entry. */
final case class EntryStamp(crc: Long, size: Long)

object JarIndex {

  /** Reads the directory of a jar. Throws `IOException` if it is no zip file. */
  def read(jar: Path): JarIndex = {
    val entries = new HashMap[String, EntryStamp]()
    val zip = try new ZipFile(jar.toFile) catch { case error: IOException => throw new IOException(s"it is no jar: ${error.getMessage}", error) }
    try zip.stream().forEach { entry =>
      if (!entry.isDirectory && isCompared(entry.getName)) entries.putIfAbsent(entry.getName, EntryStamp(entry.getCrc, entry.getSize))
    } finally zip.close()
    new JarIndex(entries)
  }

  def isClass(entry: String): Boolean = entry.endsWith(".class")

  private def isCompared(entry: String): Boolean = !entry.startsWith("META-INF/") && !entry.endsWith("module-info.class")
}
