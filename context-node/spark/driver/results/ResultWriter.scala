package hearth.driver

import java.io.InputStream

import com.fasterxml.jackson.core.{JsonFactory, JsonGenerator}
import org.apache.spark.api.java.JavaRDDLike
import org.apache.spark.rdd.RDD
import org.apache.spark.sql.Dataset

/** Writes what a job returned: a Dataset or an RDD partition by partition, a stream of bytes as it is, all else as JSON. */
object ResultWriter {

  /** Throws what reading the result throws, and what [[JsonValue]] and the sink throw. */
  def write(result: Any, sink: ResultSink): Unit = result match {
    case None => writeJson(null, sink)
    case rows: Dataset[_] => writeRows(rows, sink)
    case rdd: RDD[_] => writeArray(rdd.toLocalIterator, sink)
    case rdd: JavaRDDLike[_, _] => writeArray(rdd.rdd.toLocalIterator, sink)
    case bytes: InputStream => copy(bytes, sink)
    case stream: java.util.stream.BaseStream[_, _] => writeStream(new JavaIterator(stream.iterator), sink)
    case items: Iterator[_] => writeStream(items, sink)
    case items: java.util.Iterator[_] => writeStream(new JavaIterator(items), sink)
    case items: Stream[_] if items.headOption.exists(_.isInstanceOf[Byte]) => writeStream(items.iterator, sink)
    case other => writeJson(other, sink)
  }

  private def writeJson(value: Any, sink: ResultSink): Unit = {
    val json = generator(sink)
    new JsonValue(json).write(value)
    json.flush()
  }

  /** Sends bytes unchanged, and other elements as a JSON array. */
  private def writeStream(items: Iterator[Any], sink: ResultSink): Unit = {
    val ahead = items.buffered
    if (ahead.hasNext && ahead.head.isInstanceOf[Byte]) {
      sink.begin("application/octet-stream")
      ahead.foreach {
        case byte: Byte => sink.write(byte.toInt)
        case other => throw new NotSerializable(s"Cannot send the result: a stream of bytes has a ${other.getClass.getName} in it")
      }
    } else writeArray(ahead, sink)
  }

  private def writeArray(items: Iterator[Any], sink: ResultSink): Unit = {
    val json = generator(sink)
    val value = new JsonValue(json)
    json.writeStartArray()
    items.foreach(value.write)
    json.writeEndArray()
    json.flush()
  }

  private def writeRows(dataset: Dataset[_], sink: ResultSink): Unit = {
    val frame = dataset.toDF()
    val row = new JsonRow(JsonRow.uniqueNames(frame.schema))
    var separator = '['
    val rows = frame.toLocalIterator()
    while (rows.hasNext) {
      sink.write(separator)
      row.encode(rows.next()).writeTo(sink)
      separator = ','
    }
    if (separator == '[') sink.write('[')
    sink.write(']')
  }

  private def copy(bytes: InputStream, sink: ResultSink): Unit = {
    sink.begin("application/octet-stream")
    val block = new Array[Byte](64 * 1024)
    try {
      var read = bytes.read(block)
      while (read >= 0) { sink.write(block, 0, read); read = bytes.read(block) }
    } finally bytes.close()
  }

  private def generator(sink: ResultSink): JsonGenerator =
    new JsonFactory().createGenerator(sink).disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM)
}
