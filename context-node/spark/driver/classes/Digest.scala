package hearth.driver

import java.nio.file.{Files, Path}
import java.security.MessageDigest

object Digest {

  /** The digest of a file's content as the node writes it: `sha256:` and lower-case hex. */
  def of(file: Path): String = {
    val sha256 = MessageDigest.getInstance("SHA-256")
    val in = Files.newInputStream(file)
    try {
      val block = new Array[Byte](64 * 1024)
      var read = in.read(block)
      while (read >= 0) { sha256.update(block, 0, read); read = in.read(block) }
    } finally in.close()
    "sha256:" + sha256.digest().map(byte => f"${byte & 0xff}%02x").mkString
  }
}
