package hearth.driver

import java.io.{BufferedInputStream, BufferedOutputStream, DataInputStream, IOException}
import java.net.{InetSocketAddress, Socket}
import java.nio.ByteBuffer

import com.fasterxml.jackson.databind.node.ObjectNode

/** Receives what the node sends. Called on the thread that reads, so it must return soon. */
trait NodeListener {
  def receive(message: NodeMessage): Unit

  /** A part of requested content: `bytes` from `offset` on. */
  def content(request: Int, bytes: Array[Byte], offset: Int): Unit
}

/**
 * The connection to the node. When it closes, or is silent for [[Protocol.NodeSilenceMs]], the process halts: a driver without a node
 * has nothing to do, and no job may keep it alive.
 */
final class Connection(socket: Socket, nodeGone: String => Unit) {
  private val outgoing =
    new Outgoing(new BufferedOutputStream(socket.getOutputStream, 64 * 1024), error => nodeGone(s"cannot write to it: $error"))

  @volatile private var heard = true

  def start(listener: NodeListener): Unit = {
    outgoing.start()
    daemon("hearth-reader", () => read(listener))
    daemon("hearth-silence", () => watchSilence())
  }

  def send(message: ObjectNode): Unit = outgoing.put(new Frame(encode(message), isLog = false))

  def sendLog(run: Int, lines: Seq[LogLine]): Unit = outgoing.put(new Frame(encode(DriverMessage.log(run, lines)), isLog = true))

  /** Size of the waiting logs, in bytes. */
  def queuedLogBytes: Long = outgoing.queuedLogBytes

  /** Sends a part of a result. The run must have credit for it. */
  def sendPart(run: Int, bytes: Array[Byte], offset: Int, length: Int): Unit =
    outgoing.put(new Frame(Frames.part(run, bytes, offset, length), isLog = false))

  /** Waits until everything is written, for at most this number of milliseconds. */
  def flush(timeoutMs: Long): Unit = outgoing.flush(timeoutMs)

  private def encode(message: ObjectNode): Array[Byte] = {
    val frame = Frames.message(DriverMessage.encode(message))
    if (frame.length > Protocol.LargestDriverFrameBytes)
      throw new IllegalStateException(s"A message ${message.path("type").asText} of ${frame.length} bytes is too large for a frame")
    frame
  }

  private def read(listener: NodeListener): Unit =
    try {
      val in = new DataInputStream(new BufferedInputStream(socket.getInputStream, 64 * 1024))
      var frame = Frames.read(in)
      while (frame.isDefined) {
        heard = true
        dispatch(frame.get, listener)
        frame = Frames.read(in)
      }
      nodeGone("it closed the connection")
    } catch { case error: Throwable => nodeGone(s"cannot read from it: $error") }

  private def dispatch(frame: Array[Byte], listener: NodeListener): Unit = frame(0) match {
    case Protocol.KindMessage => listener.receive(NodeMessage.parse(frame, 1))
    case Protocol.KindContent if frame.length >= 5 => listener.content(ByteBuffer.wrap(frame, 1, 4).getInt, frame, 5)
    case kind => throw new IOException(s"a frame of kind $kind and ${frame.length} bytes")
  }

  // Counts intervals instead of reading the clock: garbage collection may have paused the driver itself.
  private def watchSilence(): Unit = {
    var silentMs = 0L
    while (silentMs < Protocol.NodeSilenceMs) {
      Thread.sleep(Connection.SilenceStepMs)
      silentMs = if (heard) 0 else silentMs + Connection.SilenceStepMs
      heard = false
    }
    nodeGone(s"it was silent for $silentMs ms")
  }

  private def daemon(name: String, body: Runnable): Unit = {
    val thread = new Thread(body, name)
    thread.setDaemon(true)
    thread.start()
  }
}

object Connection {
  private val SilenceStepMs = 500L
  private val ConnectTimeoutMs = 10000

  /** Connects to the node. Throws `IOException`. */
  def open(host: String, port: Int, nodeGone: String => Unit): Connection = {
    val socket = new Socket()
    socket.setTcpNoDelay(true)
    socket.connect(new InetSocketAddress(host, port), ConnectTimeoutMs)
    new Connection(socket, nodeGone)
  }
}
