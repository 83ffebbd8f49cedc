package hearth.driver

/** The bounds of `driver_protocol.ts`, the contract between node and driver. */
object Protocol {

  /** Largest frame that a driver sends, in bytes. */
  val LargestDriverFrameBytes: Int = 1024 * 1024

  /** Largest frame that a node sends, in bytes. */
  val LargestNodeFrameBytes: Int = 32 * 1024 * 1024

  /** Maximum size of the unacknowledged parts of one run, in bytes. */
  val PartWindowBytes: Long = 1024L * 1024

  /** Largest result in one message, in bytes of JSON. */
  val LargestWholeResult: Int = 128 * 1024

  /** Interval between beats, in milliseconds. */
  val BeatMs: Long = 1000

  /** Silence of the node after which the driver ends, in milliseconds. */
  val NodeSilenceMs: Long = 15000

  /** Most stages in one `progress` message. */
  val MostStages: Int = 200

  val KindMessage: Byte = 0
  val KindPart: Byte = 1
  val KindContent: Byte = 2

  /** Exit code of a driver that has lost its node. */
  val ExitNodeGone: Int = 3

  /** Exit code of a driver whose SparkContext was stopped. */
  val ExitLost: Int = 4

  /** Exit code of a driver that could not make its SparkContext. */
  val ExitNotReady: Int = 5
}
