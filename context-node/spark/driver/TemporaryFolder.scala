package hearth.driver

import java.nio.file.{Files, Path}
import java.util.Comparator
import java.util.concurrent.atomic.AtomicInteger

/** The folder for jars and data files. It goes with the driver. */
final class TemporaryFolder {
  private val root = Files.createTempDirectory("hearth-driver-")
  private val count = new AtomicInteger()

  /** A path for a new file that ends with that name, as far as the name is fit for a file. */
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
