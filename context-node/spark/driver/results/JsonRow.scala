package hearth.driver

import java.io.ByteArrayOutputStream

import com.fasterxml.jackson.core.{JsonFactory, JsonGenerator}
import org.apache.spark.sql.Row
import org.apache.spark.sql.types._

/**
 * Writes rows of a schema as JSON objects: decimals as numbers with all their digits, timestamps in ISO 8601, binary as base64, maps as
 * objects whose keys are strings, intervals in ISO 8601 (those of calendars as Spark prints them), NaN and infinities as null.
 * A number distinguishes columns of the same name: see [[JsonRow.uniqueNames]].
 */
final class JsonRow(schema: StructType) {
  private type Writer = Any => Unit

  private val line = new ByteArrayOutputStream(1024)
  private val json = new JsonFactory().createGenerator(line).enable(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN)
  json.setRootValueSeparator(null)

  private val writeScalar: Writer = {
    case number: Int => json.writeNumber(number)
    case number: Long => json.writeNumber(number)
    case number: Short => json.writeNumber(number.toInt)
    case number: Byte => json.writeNumber(number.toInt)
    case number: Double => if (number.isNaN || number.isInfinity) json.writeNull() else json.writeNumber(number)
    case number: Float => if (number.isNaN || number.isInfinity) json.writeNull() else json.writeNumber(number)
    case number: java.math.BigDecimal => json.writeNumber(number)
    case truth: Boolean => json.writeBoolean(truth)
    case bytes: Array[Byte] => json.writeBinary(bytes)
    case time: java.sql.Timestamp => json.writeString(time.toInstant.toString)
    case text => json.writeString(Text.wellFormed(text.toString))
  }

  private val writeRow = writerOfRow(schema)

  /** Writes the row as UTF-8. The array of `bytes` is valid until the next call. */
  def encode(row: Row): ByteArrayOutputStream = {
    line.reset()
    writeRow(row)
    json.flush()
    line
  }

  private def writerOfRow(struct: StructType): Writer = {
    val names = struct.fieldNames
    val writers = struct.fields.map(field => writerOf(field.dataType))
    value => {
      // The schema says that it is a row.
      val row = value.asInstanceOf[Row]
      json.writeStartObject()
      var i = 0
      while (i < names.length) {
        json.writeFieldName(names(i))
        if (row.isNullAt(i)) json.writeNull() else writers(i)(row.get(i))
        i += 1
      }
      json.writeEndObject()
    }
  }

  private def writerOf(dataType: DataType): Writer = dataType match {
    case struct: StructType => writerOfRow(struct)
    case ArrayType(element, _) => writerOfArray(writerOf(element))
    case MapType(_, value, _) => writerOfMap(writerOf(value))
    case variant if variant.typeName == "variant" => value => json.writeRawValue(Text.wellFormed(value.toString))
    case _ => writeScalar
  }

  private def writerOfArray(writer: Writer): Writer = {
    case items: scala.collection.Seq[_] =>
      json.writeStartArray()
      items.foreach(item => if (item == null) json.writeNull() else writer(item))
      json.writeEndArray()
  }

  private def writerOfMap(writer: Writer): Writer = {
    case members: scala.collection.Map[_, _] =>
      json.writeStartObject()
      members.foreach { case (key, value) =>
        json.writeFieldName(Text.wellFormed(String.valueOf(key)))
        if (value == null) json.writeNull() else writer(value)
      }
      json.writeEndObject()
  }
}

object JsonRow {

  /** The schema with names that differ: the second `a` is `a_2`, or the next number that is free. */
  def uniqueNames(schema: StructType): StructType = {
    val taken = new java.util.HashSet[String]()
    schema.fieldNames.foreach(taken.add)
    val seen = new java.util.HashSet[String]()
    StructType(schema.fields.map { field =>
      val name = if (seen.add(field.name)) field.name else Iterator.from(2).map(n => s"${field.name}_$n").find(taken.add).get
      field.copy(name = Text.wellFormed(name), dataType = uniqueNames(field.dataType))
    })
  }

  private def uniqueNames(dataType: DataType): DataType = dataType match {
    case struct: StructType => uniqueNames(struct)
    case ArrayType(element, containsNull) => ArrayType(uniqueNames(element), containsNull)
    case MapType(key, value, containsNull) => MapType(key, uniqueNames(value), containsNull)
    case other => other
  }
}
