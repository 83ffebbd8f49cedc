package org.apache.spark.hearth

import java.util.concurrent.CountDownLatch

import org.apache.spark.SparkContext
import org.apache.spark.scheduler.SparkListenerEvent

/** An event of Hearth's own: a listener that receives it has received all earlier events. */
final class Marker(val seen: CountDownLatch) extends SparkListenerEvent {
  override protected[spark] def logEvent: Boolean = false
}

/** Posts to the bus of listeners, which Spark opens to its own packages only. */
object ListenerBus {
  def post(context: SparkContext, event: SparkListenerEvent): Unit = context.listenerBus.post(event)
}
