package hearth.driver

import java.io.{DataInputStream, EOFException, IOException}
import java.nio.ByteBuffer

/** The framing of `driver_protocol.ts`: length, kind, payload. */
object Frames {

  def message(json: Array[Byte]): Array[Byte] = {
    val frame = ByteBuffer.allocate(5 + json.length)
    frame.putInt(1 + json.length).put(Protocol.KindMessage).put(json).array()
  }

  /** A part of the result of a run. */
  def part(run: Int, bytes: Array[Byte], offset: Int, length: Int): Array[Byte] = {
    val frame = ByteBuffer.allocate(9 + length)
    frame.putInt(5 + length).put(Protocol.KindPart).putInt(run).put(bytes, offset, length).array()
  }

  /** Reads the next frame without its length; the kind is its first byte. Returns None at the end of the stream. */
  def read(in: DataInputStream): Option[Array[Byte]] = {
    val length = try in.readInt() catch { case _: EOFException => return None }
    if (length < 1 || length > Protocol.LargestNodeFrameBytes) throw new IOException(s"The node sent a frame of $length bytes")
    val frame = new Array[Byte](length)
    in.readFully(frame)
    Some(frame)
  }
}
