package hearth.driver

/** How a run ended. */
sealed trait RunEnd

/** The run succeeded, and its result fits in one message. */
final case class Succeeded(json: String) extends RunEnd

/** The run succeeded, and sent its result in parts. */
case object Streamed extends RunEnd

/** `validate` rejected the config. */
final case class Rejected(problems: Seq[String]) extends RunEnd

/** The jars have other classes under names that the context knows. */
final case class Conflict(message: String) extends RunEnd

final case class Failed(reason: FailureReason, error: Thrown) extends RunEnd

/** Why a run failed, by the name in `driver_protocol.ts`. */
sealed abstract class FailureReason(val name: String)
case object JobThrew extends FailureReason("THROWN")
case object LoadFailed extends FailureReason("LOAD_FAILED")
case object OutOfMemory extends FailureReason("OUT_OF_MEMORY")
case object ResultTooLarge extends FailureReason("RESULT_TOO_LARGE")
