package hearth.driver

import java.io.{BufferedOutputStream, IOException, OutputStream}
import java.nio.file.{Files, Path}
import java.util.concurrent.{CompletableFuture, ConcurrentHashMap, ExecutionException}
import java.util.concurrent.atomic.AtomicInteger

import com.fasterxml.jackson.databind.node.ObjectNode

/** Fetches jars and data files from the node, over the connection. */
final class Content(connection: Connection) {
  private final class Request(val out: OutputStream) {
    val ended = new CompletableFuture[Unit]()
    @volatile var failure: Option[IOException] = None
  }

  private val requests = new ConcurrentHashMap[Int, Request]()
  private val lastRequest = new AtomicInteger()

  /** Writes the jar of that digest to a file. Throws `IOException`, with the node's reason. */
  def fetchJar(digest: String, file: Path): Unit = fetch(DriverMessage.fetch(_, digest), file)

  /** Writes the data file of that name to a file. Throws [[NoSuchContent]] if the node has no such file. */
  def fetchData(name: String, file: Path): Unit = fetch(DriverMessage.dataOpen(_, name), file)

  /** Receives a part of content. Drops it if the request is no longer pending. */
  def receive(id: Int, bytes: Array[Byte], offset: Int): Unit =
    Option(requests.get(id)).foreach { request =>
      try request.out.write(bytes, offset, bytes.length - offset)
      catch { case error: IOException => request.failure = Some(error) }
    }

  /** Receives the end of a content. */
  def end(id: Int, error: Option[String]): Unit =
    Option(requests.remove(id)).foreach { request =>
      val failure = request.failure.orElse(error.map(new NoSuchContent(_)))
      failure match {
        case Some(thrown) => request.ended.completeExceptionally(thrown)
        case None => request.ended.complete(())
      }
    }

  private def fetch(ask: Int => ObjectNode, file: Path): Unit = {
    val out = new BufferedOutputStream(Files.newOutputStream(file))
    val id = lastRequest.incrementAndGet()
    val request = new Request(out)
    requests.put(id, request)
    try {
      connection.send(ask(id))
      request.ended.get()
    } catch { case failed: ExecutionException => throw failed.getCause }
    finally {
      requests.remove(id)
      out.close()
    }
  }
}

/** The node does not have the requested content; the message says why. */
final class NoSuchContent(message: String) extends IOException(message)
