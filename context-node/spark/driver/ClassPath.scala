package hearth.driver

import java.io.IOException
import java.nio.file.{Files, Path}
import java.security.MessageDigest
import java.util.HashMap
import java.util.concurrent.locks.ReentrantLock

/**
 * The jars of the context. Jars are only ever added: a class that is loaded cannot be replaced. A class path whose classes
 * would not be found as it wants them is refused as a whole.
 */
final class ClassPath(content: Content, folder: TemporaryFolder, loader: JobClassLoader, addToSpark: Path => Unit) {
  private final class Jar(val reference: JarReference, val file: Path, val index: JarIndex)

  private val lock = new ReentrantLock()
  private val fetched = new HashMap[String, Jar]()
  private val added = new java.util.LinkedHashSet[String]()
  private val loadable = new HashMap[String, (ClassStamp, String)]()
  private var accepted = Set.empty[Seq[String]]

  /**
   * Makes the classes of these jars loadable, here and on executors. Throws [[ClassConflict]] if the context has other classes of the
   * same names, and [[JarUnusable]] if a jar cannot be fetched or read; then none of the jars is added.
   */
  def ensure(jars: Seq[JarReference]): Unit = {
    lock.lockInterruptibly()
    try {
      val digests = jars.map(_.digest)
      if (!accepted(digests)) {
        val wanted = jars.map(fetch)
        check(wanted)
        wanted.foreach(add)
        accepted += digests
      }
    } finally lock.unlock()
  }

  /** Compares each class that the class path would load first with the one that the context loads. */
  private def check(jars: Seq[Jar]): Unit = {
    val seen = new java.util.HashSet[String]()
    for (jar <- jars) jar.index.classes.forEach { (name, stamp) =>
      if (seen.add(name)) Option(loadable.get(name)).foreach { case (known, owner) =>
        if (known != stamp) throw new ClassConflict(name.stripSuffix(".class").replace('/', '.'), jar.reference.name, owner)
      }
    }
  }

  private def add(jar: Jar): Unit =
    if (!added.contains(jar.reference.digest)) {
      addToSpark(jar.file)
      loader.add(jar.file)
      added.add(jar.reference.digest)
      jar.index.classes.forEach((name, stamp) => loadable.putIfAbsent(name, (stamp, jar.reference.name)))
    }

  private def fetch(reference: JarReference): Jar = Option(fetched.get(reference.digest)).getOrElse {
    val file = folder.newFile(if (reference.name.endsWith(".jar")) reference.name else s"${reference.name}.jar")
    val jar =
      try {
        content.fetchJar(reference.digest, file)
        verify(reference, file)
        new Jar(reference, file, JarIndex.read(file))
      } catch {
        case error: IOException =>
          Files.deleteIfExists(file)
          throw new JarUnusable(s"Cannot use jar ${reference.name} (${reference.digest}): ${error.getMessage}", error)
      }
    fetched.put(reference.digest, jar)
    jar
  }

  private def verify(reference: JarReference, file: Path): Unit = {
    val sha256 = MessageDigest.getInstance("SHA-256")
    val in = Files.newInputStream(file)
    try {
      val block = new Array[Byte](64 * 1024)
      var read = in.read(block)
      while (read >= 0) { sha256.update(block, 0, read); read = in.read(block) }
    } finally in.close()
    val digest = "sha256:" + sha256.digest().map(byte => f"${byte & 0xff}%02x").mkString
    if (digest != reference.digest) throw new IOException(s"the bytes that came have the digest $digest")
  }
}

/** The context loads another class of that name. */
final class ClassConflict(className: String, jar: String, owner: String)
    extends Exception(
      s"Cannot add jar $jar: class $className differs from the one of that name that the context has loaded from $owner. " +
        "A Spark application has one version of a class; run the job in another context or restart this one")

/** A jar cannot be fetched or read. */
final class JarUnusable(message: String, cause: Throwable) extends IOException(message, cause)
