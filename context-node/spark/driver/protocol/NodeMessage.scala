package hearth.driver

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}

/** A jar on the class path of a job: `sha256:<hex>` and a name for messages. */
final case class JarReference(digest: String, name: String)

/** What a run does. */
sealed trait Work
final case class JobWork(main: String, jars: Seq[JarReference]) extends Work
final case class SqlWork(statement: String, parameters: JsonNode, maxRows: Long, maxBytes: Long) extends Work

/** A message of the node, as `driver_protocol.ts` defines it. */
sealed trait NodeMessage
final case class Init(
    contextId: String,
    contextName: String,
    kind: String,
    conf: Map[String, String],
    hadoop: Map[String, String],
    contextConfig: String,
    batchIntervalMs: Long) extends NodeMessage
final case class RunWork(run: Int, jobId: String, work: Work, config: String) extends NodeMessage
final case class Abort(run: Int, reason: String) extends NodeMessage
final case class Taken(run: Int, bytes: Long, message: String) extends NodeMessage
final case class ListObjects(request: Int, drop: Option[String]) extends NodeMessage
final case class ContentEnd(request: Int, error: Option[String]) extends NodeMessage
case object Stop extends NodeMessage
case object Beat extends NodeMessage

object NodeMessage {
  private val mapper = new ObjectMapper()

  /** Parses a message of the node. Throws `IllegalArgumentException` for one that the protocol does not have. */
  def parse(json: Array[Byte], offset: Int): NodeMessage = {
    val node = mapper.readTree(json, offset, json.length - offset)
    text(node, "type") match {
      case "init" =>
        Init(
          text(node, "contextId"), text(node, "contextName"), text(node, "kind"), strings(node.path("conf")),
          strings(node.path("hadoop")), text(node, "contextConfig"), node.path("batchIntervalMs").asLong(1000))
      case "run" => RunWork(int(node, "run"), text(node, "jobId"), work(node.path("work")), text(node, "config"))
      case "abort" => Abort(int(node, "run"), text(node, "reason"))
      case "taken" => Taken(int(node, "run"), node.path("bytes").asLong(), node.path("message").asText(""))
      case "objects" => ListObjects(int(node, "request"), optional(node, "drop"))
      case "contentEnd" => ContentEnd(int(node, "request"), optional(node, "error"))
      case "stop" => Stop
      case "beat" => Beat
      case other => throw new IllegalArgumentException(s"""Cannot read a message of the node: unknown type "$other"""")
    }
  }

  private def work(node: JsonNode): Work = text(node, "type") match {
    case "job" => JobWork(text(node, "main"), elements(node.path("jars")).map(jar => JarReference(text(jar, "digest"), text(jar, "name"))))
    case "sql" =>
      SqlWork(text(node, "statement"), node.path("parameters"), node.path("maxRows").asLong(), node.path("maxBytes").asLong())
    case other => throw new IllegalArgumentException(s"""Cannot read the work of a run: unknown type "$other"""")
  }

  private def text(node: JsonNode, name: String): String = {
    val value = node.path(name)
    if (!value.isTextual) throw new IllegalArgumentException(s"Cannot read a message of the node: no string $name")
    value.asText
  }

  private def int(node: JsonNode, name: String): Int = {
    val value = node.path(name)
    if (!value.isInt) throw new IllegalArgumentException(s"Cannot read a message of the node: no number $name")
    value.asInt
  }

  private def optional(node: JsonNode, name: String): Option[String] =
    if (node.hasNonNull(name)) Some(text(node, name)) else None

  private def elements(node: JsonNode): Seq[JsonNode] = (0 until node.size).map(node.get)

  private def strings(node: JsonNode): Map[String, String] = {
    var found = Map.empty[String, String]
    node.fields().forEachRemaining(field => found += field.getKey -> field.getValue.asText)
    found
  }
}
