package hearth.driver

import java.util.IdentityHashMap

import com.fasterxml.jackson.core.JsonGenerator

/**
 * Writes values of jobs as JSON, by the table of spark-jobserver: numbers (Int, Long, Double, Float), strings, booleans, sequences, arrays,
 * maps, and products as lists of their fields. All else is the string that `toString` gives. NaN and infinities are null.
 */
final class JsonValue(json: JsonGenerator) {
  private val open = new IdentityHashMap[Any, Any]()

  /** Throws [[NotSerializable]] for a value that contains itself, or is nested deeper than [[JsonValue.MostNested]]. */
  def write(value: Any): Unit = value match {
    case null => json.writeNull()
    case number: Int => json.writeNumber(number)
    case number: Long => json.writeNumber(number)
    case number: Double => if (number.isNaN || number.isInfinity) json.writeNull() else json.writeNumber(number)
    case number: Float => if (number.isNaN || number.isInfinity) json.writeNull() else json.writeNumber(number)
    case text: String => json.writeString(Text.wellFormed(text))
    case truth: Boolean => json.writeBoolean(truth)
    case map: scala.collection.Map[_, _] => inside(map)(writeMembers(map.iterator))
    case items: scala.collection.Seq[_] => inside(items)(writeItems(items.iterator))
    case items: Array[_] => inside(items)(writeItems(items.iterator))
    case product: Product => inside(product)(writeItems(product.productIterator))
    case map: java.util.Map[_, _] => inside(map)(writeMembers(new JavaIterator(map.entrySet.iterator).map(entry => (entry.getKey, entry.getValue))))
    case items: java.util.List[_] => inside(items)(writeItems(new JavaIterator(items.iterator)))
    case other => json.writeString(Text.wellFormed(String.valueOf(other)))
  }

  private def writeItems(items: Iterator[Any]): Unit = {
    json.writeStartArray()
    items.foreach(write)
    json.writeEndArray()
  }

  private def writeMembers(members: Iterator[(Any, Any)]): Unit = {
    json.writeStartObject()
    members.foreach { case (key, value) =>
      json.writeFieldName(Text.wellFormed(nameOf(key)))
      write(value)
    }
    json.writeEndObject()
  }

  private def nameOf(key: Any): String = key match {
    case symbol: Symbol => symbol.name
    case other => String.valueOf(other)
  }

  private def inside(container: Any)(body: => Unit): Unit = {
    if (open.size >= JsonValue.MostNested)
      throw new NotSerializable(s"Cannot write the result as JSON: it is nested deeper than ${JsonValue.MostNested} levels")
    if (open.put(container, container) != null)
      throw new NotSerializable(s"Cannot write the result as JSON: a ${container.getClass.getName} contains itself")
    body
    open.remove(container)
  }
}

object JsonValue {
  val MostNested = 200
}

/** A result that cannot be written as JSON. */
final class NotSerializable(message: String) extends Exception(message)

/** An iterator of Java's, for Scala. */
final class JavaIterator[T](items: java.util.Iterator[T]) extends Iterator[T] {
  override def hasNext: Boolean = items.hasNext
  override def next(): T = items.next()
}
