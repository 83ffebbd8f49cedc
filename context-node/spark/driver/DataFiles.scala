package hearth.driver

import java.io.{File, FileNotFoundException}
import java.nio.file.Files
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.locks.ReentrantLock

/**
 * Local copies of the uploaded data files that jobs ask for, one of each version. They stay until the driver ends: named objects and
 * queries of structured streaming read them after the run that asked.
 */
final class DataFiles(content: Content, folder: TemporaryFolder) {
  private val copies = new ConcurrentHashMap[(String, String), File]()

  /** Asks the node for a data file. Throws `FileNotFoundException` if there is no such file, and `IOException`. */
  def fetch(name: String): File = {
    val path = folder.newFile(name)
    var kept = false
    try {
      content.fetchData(name, path)
      val copy = copies.compute(name -> Digest.of(path), (_, known) => if (known != null && known.isFile) known else path.toFile)
      kept = copy == path.toFile
      copy
    } catch {
      case missing: NoSuchContent => throw new FileNotFoundException(s"Data file $name: ${missing.getMessage}")
    } finally if (!kept) Files.deleteIfExists(path)
  }
}

/** The data files of one run. Repeated requests return the same version of a file. */
final class RunDataFiles(files: DataFiles) {
  private val lock = new ReentrantLock()
  private var fetched = Map.empty[String, File]

  /** The copy of a data file. Throws `FileNotFoundException` if there is no such file, and `IOException`. */
  def get(name: String): File = {
    lock.lockInterruptibly()
    try fetched.getOrElse(name, {
      val file = files.fetch(name)
      fetched += name -> file
      file
    }) finally lock.unlock()
  }
}
