package hearth.driver

import java.io.{File, FileNotFoundException}
import java.nio.file.Files
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.locks.ReentrantLock

/** Local copies of the uploaded data files that jobs have asked for. They stay until the driver ends. */
final class DataFiles(content: Content, folder: TemporaryFolder) {
  private val files = new ConcurrentHashMap[String, File]()
  private val locks = new ConcurrentHashMap[String, ReentrantLock]()

  /** The copy of a data file. Throws `FileNotFoundException` if there is no such file, and `IOException`. */
  def get(name: String): File = {
    val lock = locks.computeIfAbsent(name, _ => new ReentrantLock())
    lock.lockInterruptibly()
    try Option(files.get(name)).getOrElse(fetch(name))
    finally lock.unlock()
  }

  private def fetch(name: String): File = {
    val path = folder.newFile(name)
    try content.fetchData(name, path)
    catch {
      case missing: NoSuchContent =>
        Files.deleteIfExists(path)
        throw new FileNotFoundException(s"Data file $name: ${missing.getMessage}")
    }
    files.put(name, path.toFile)
    path.toFile
  }
}
