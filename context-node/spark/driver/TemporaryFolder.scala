package hearth.driver

import java.nio.file.{Files, Path}
import java.util.Comparator
import java.util.concurrent.atomic.AtomicInteger

/** The folder for jars and data files. The driver deletes it when it ends. */
final class TemporaryFolder {
  private val root = Files.createTempDirectory("hearth-driver-")
  private val count = new AtomicInteger()

  /** Returns the path of a new file. It ends with the valid characters of that name. */
  def newFile(name: String): Path = {
    val fit = name.replaceAll("[^A-Za-z0-9._-]", "_").takeRight(120)
    Files.createDirectories(root).resolve(s"${count.incrementAndGet()}-$fit")
  }

  /** Deletes the folder. What cannot be deleted stays for the node, which owns the parent folder. */
  def delete(): Unit = {
    val paths = Files.walk(root)
    try paths.sorted(Comparator.reverseOrder[Path]()).forEach(path => path.toFile.delete())
    finally paths.close()
  }
}
