package hearth.driver

import java.io.IOException
import java.nio.file.{Files, Path}
import java.util.HashMap
import java.util.concurrent.locks.ReentrantLock

/**
 * The jars of the context. Jars are only added: a loaded class cannot be replaced. Refuses a class path as a whole if the context would load
 * other classes than the class path names, or if it has another version of a jar with a changed file of any kind.
 */
final class ClassPath(content: Content, folder: TemporaryFolder, loader: JobClassLoader, addToSpark: Path => Unit) {
  private final class Jar(val reference: JarReference, val file: Path, val index: JarIndex)

  private val lock = new ReentrantLock()
  private val fetched = new HashMap[String, Jar]()
  private val added = new java.util.LinkedHashSet[String]()
  // By the key of an entry: its version, and the name of the jar.
  private val loadable = new HashMap[String, (EntryStamp, String)]()
  private var accepted = Set.empty[Seq[JarReference]]

  /**
   * Makes the classes of these jars loadable, here and on executors. Throws [[ClassConflict]] if the context has other classes of the
   * same names, or other files in a jar of the same name, and [[JarUnusable]] if a jar cannot be fetched or read; then none of the jars is added.
   */
  def ensure(jars: Seq[JarReference]): Unit = {
    lock.lockInterruptibly()
    try {
      if (!accepted(jars)) {
        val wanted = jars.map(fetch)
        check(wanted)
        wanted.foreach(add)
        accepted += jars
      }
    } finally lock.unlock()
  }

  /** Compares each entry that the class path would load with the one that the context loads. */
  private def check(jars: Seq[Jar]): Unit = {
    val seen = new java.util.HashSet[String]()
    for (jar <- jars) jar.index.entries.forEach { (entry, stamp) =>
      val key = keyOf(jar, entry)
      if (seen.add(key)) Option(loadable.get(key)).foreach { case (known, owner) =>
        if (known != stamp) throw new ClassConflict(entry, jar.reference.name, owner)
      }
    }
  }

  // Classes have one namespace. Jars of different names may each have a file of that name, such as reference.conf.
  private def keyOf(jar: Jar, entry: String): String = if (JarIndex.isClass(entry)) entry else s"${jar.reference.name}!/$entry"

  private def add(jar: Jar): Unit = {
    if (!added.contains(jar.reference.digest)) {
      addToSpark(jar.file)
      loader.add(jar.file)
      added.add(jar.reference.digest)
    }
    // Also covers a jar that was added under another name.
    jar.index.entries.forEach((entry, stamp) => loadable.putIfAbsent(keyOf(jar, entry), (stamp, jar.reference.name)))
  }

  private def fetch(reference: JarReference): Jar = {
    val known = fetched.get(reference.digest)
    if (known == null) download(reference) else new Jar(reference, known.file, known.index)
  }

  private def download(reference: JarReference): Jar = {
    val file = folder.newFile(if (reference.name.endsWith(".jar")) reference.name else s"${reference.name}.jar")
    try {
      content.fetchJar(reference.digest, file)
      val digest = Digest.of(file)
      if (digest != reference.digest) throw new IOException(s"the bytes that came have the digest $digest")
      val jar = new Jar(reference, file, JarIndex.read(file))
      fetched.put(reference.digest, jar)
      jar
    } catch {
      case error: IOException =>
        throw new JarUnusable(s"Cannot use jar ${reference.name} (${reference.digest}): ${error.getMessage}", error)
    } finally if (!fetched.containsKey(reference.digest)) Files.deleteIfExists(file)
  }
}

/** The context loads another class of that name, or another file of a jar. */
final class ClassConflict(entry: String, jar: String, owner: String)
    extends Exception(
      s"Cannot add jar $jar: ${ClassConflict.describe(entry)} differs from the one of that name that the context has loaded from $owner")

object ClassConflict {
  private def describe(entry: String): String =
    if (JarIndex.isClass(entry)) s"class ${entry.stripSuffix(".class").replace('/', '.')}" else s"file $entry"
}

/** A jar cannot be fetched or read. */
final class JarUnusable(message: String, cause: Throwable) extends IOException(message, cause)
