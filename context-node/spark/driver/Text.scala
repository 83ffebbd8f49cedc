package hearth.driver

/** Makes text of jobs fit for messages: bounded, and UTF-8 that every peer decodes. */
object Text {

  /** At most `most` characters of a text, without control characters but line breaks and tabs. Null becomes empty. */
  def cut(text: String, most: Int): String = {
    if (text == null) return ""
    val kept = if (text.length <= most) text else text.substring(0, most - 1) + "…"
    var plain = true
    var i = 0
    while (plain && i < kept.length) { plain = isPlain(kept.charAt(i)); i += 1 }
    if (plain) kept else wellFormed(kept.map(c => if (isControl(c)) ' ' else c))
  }

  /** The text with U+FFFD in the place of surrogates without their other half, which no encoder of UTF-8 accepts. */
  def wellFormed(text: String): String = {
    var i = 0
    while (i < text.length) {
      val c = text.charAt(i)
      if (Character.isSurrogate(c)) {
        if (!startsPair(text, i)) return replaceHalves(text)
        i += 1
      }
      i += 1
    }
    text
  }

  private def replaceHalves(text: String): String = {
    val out = new java.lang.StringBuilder(text.length)
    var i = 0
    while (i < text.length) {
      if (startsPair(text, i)) { out.append(text, i, i + 2); i += 1 }
      else out.append(if (Character.isSurrogate(text.charAt(i))) '\uFFFD' else text.charAt(i))
      i += 1
    }
    out.toString
  }

  private def startsPair(text: String, i: Int): Boolean =
    Character.isHighSurrogate(text.charAt(i)) && i + 1 < text.length && Character.isLowSurrogate(text.charAt(i + 1))

  private def isControl(c: Char): Boolean = c < ' ' && c != '\n' && c != '\t' || c == '\u007f'

  private def isPlain(c: Char): Boolean = !isControl(c) && !Character.isSurrogate(c)
}
