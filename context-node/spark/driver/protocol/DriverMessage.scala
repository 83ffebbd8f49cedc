package hearth.driver

import java.io.{PrintWriter, StringWriter}

import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.ObjectNode

/** A thrown exception, as a message carries it. */
final case class Thrown(name: String, message: String, stack: String)

object Thrown {
  private val MostMessage = 16 * 1024
  private val MostStack = 64 * 1024

  /** Describes an exception, with its causes in the stack, bounded. If its own methods throw, the text says so. */
  def of(error: Throwable): Thrown = of(error.getClass.getName, messageOf(error), error)

  /** Describes an exception under another name or message. */
  def of(name: String, message: String, error: Throwable): Thrown =
    Thrown(Text.cut(name, 1024), Text.cut(message, MostMessage), Text.cut(stackOf(error), MostStack))

  /** Describes an exception whose description threw another one: its name alone. */
  def undescribed(error: Throwable, broken: Throwable): Thrown =
    Thrown(Text.cut(error.getClass.getName, 1024), s"(describing it threw ${Text.cut(broken.getClass.getName, 1024)})", "")

  private def messageOf(error: Throwable): String = textOf("getMessage")(error.getMessage)

  private def stackOf(error: Throwable): String = {
    val text = new StringWriter()
    text.append(textOf("printStackTrace") {
      error.printStackTrace(new PrintWriter(text, true))
      ""
    })
    text.toString
  }

  // The classes of a job may override both methods, and throw anything.
  private def textOf(method: String)(text: => String): String =
    try text
    catch {
      case broken: Throwable =>
        if (broken.isInstanceOf[InterruptedException]) Thread.currentThread().interrupt()
        s"($method threw ${broken.getClass.getName})"
    }
}

/** Makes the messages of `driver_protocol.ts` that a driver sends. */
object DriverMessage {
  private val mapper = new ObjectMapper()
  private val MostProblems = 50
  private val MostProblem = 4 * 1024

  def encode(message: ObjectNode): Array[Byte] = mapper.writeValueAsBytes(message)

  def hello(token: String): ObjectNode =
    message("hello")
      .put("token", token)
      .put("pid", ProcessHandle.current().pid())
      .put("java", System.getProperty("java.version"))
      .put("spark", org.apache.spark.SPARK_VERSION)
      .put("scala", scala.util.Properties.versionNumberString)

  def spare(): ObjectNode = message("spare")

  def ready(applicationId: String, uiUrl: String, master: String): ObjectNode =
    message("ready").put("applicationId", applicationId).put("uiUrl", uiUrl).put("master", master)

  def notReady(error: Thrown): ObjectNode = message("notReady").put("message", error.message).put("stack", error.stack)

  def lost(reason: String): ObjectNode = message("lost").put("message", Text.cut(reason, 4096))

  def validating(run: Int): ObjectNode = message("validating").put("run", run)

  def running(run: Int): ObjectNode = message("running").put("run", run)

  def progress(run: Int, fraction: Double, text: String): ObjectNode =
    message("progress").put("run", run).put("fraction", fraction).put("message", Text.cut(text, 512))

  def log(run: Int, lines: Seq[LogLine]): ObjectNode = {
    val sent = message("log").put("run", run)
    val array = sent.putArray("lines")
    lines.foreach(line => array.addObject().put("time", line.time).put("level", line.level).put("text", line.text))
    sent
  }

  def resultBegun(run: Int, mediaType: String): ObjectNode = message("resultBegun").put("run", run).put("mediaType", mediaType)

  def objects(request: Int): ObjectNode = message("objects").put("request", request)

  def fetch(request: Int, digest: String): ObjectNode = message("fetch").put("request", request).put("digest", digest)

  def dataOpen(request: Int, name: String): ObjectNode = message("dataOpen").put("request", request).put("name", name)

  def beat(): ObjectNode = message("beat")

  /** The message with which a run ends. */
  def end(run: Int, end: RunEnd): ObjectNode = end match {
    case Succeeded(json) => message("succeeded").put("run", run).put("json", json)
    case Streamed => message("streamed").put("run", run)
    case Conflict(text) => message("conflict").put("run", run).put("message", Text.cut(text, 16 * 1024))
    case Rejected(problems) =>
      val sent = message("rejected").put("run", run)
      val array = sent.putArray("problems")
      problems.take(MostProblems).foreach(problem => array.add(Text.cut(problem, MostProblem)))
      sent
    case Failed(reason, error) =>
      val sent = message("failed").put("run", run).put("reason", reason.name)
      sent.putObject("error").put("name", error.name).put("message", error.message).put("stack", error.stack)
      sent
  }

  private def message(name: String): ObjectNode = mapper.createObjectNode().put("type", name)
}
