package hearth.driver

import org.apache.spark.sql.SparkSession
import org.apache.spark.streaming.{Milliseconds, StreamingContext}

/** Makes the contexts that the job of one run gets, and ends them with the run. */
final class RunContexts(application: Application) extends JobContexts {
  private var sessions = Vector.empty[SparkSession]
  private var streams = Vector.empty[StreamingContext]

  override def streaming: Boolean = application.streaming

  override def session: SparkSession = application.session

  override def newSession(): SparkSession = {
    val made = application.session.newSession()
    SparkSession.setActiveSession(made)
    sessions = sessions :+ made
    made
  }

  override def newStreamingContext(): StreamingContext = {
    val made = new StreamingContext(application.context, Milliseconds(application.batchIntervalMs))
    streams = streams :+ made
    made
  }

  /** Stops the streaming contexts. Queries of structured streaming continue after a job that succeeded. */
  def close(aborted: Boolean): Unit = {
    streams.foreach(_.stop(stopSparkContext = false, stopGracefully = false))
    if (aborted) sessions.foreach(_.streams.active.foreach(_.stop()))
  }
}
