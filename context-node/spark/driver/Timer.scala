package hearth.driver

import java.util.concurrent.{ScheduledThreadPoolExecutor, ThreadFactory}
import java.util.concurrent.TimeUnit.MILLISECONDS

/** Repeats tasks, in threads of its own. A task that throws goes on at its next turn, and `failed` receives the error. */
final class Timer(failed: Throwable => Unit) {
  private val threads: ThreadFactory = task => {
    val thread = new Thread(task, "hearth-timer")
    thread.setDaemon(true)
    thread
  }
  private val pool = new ScheduledThreadPoolExecutor(2, threads)

  /** Repeats a task for ever. */
  def every(milliseconds: Long)(task: => Unit): Unit =
    pool.scheduleWithFixedDelay(() => guarded(task), milliseconds, milliseconds, MILLISECONDS)

  /** Does a task at once, and again as long as it returns true. */
  def whileTrue(milliseconds: Long)(task: => Boolean): Unit = repeat(0, milliseconds, () => task)

  private def repeat(delay: Long, interval: Long, task: () => Boolean): Unit =
    pool.schedule((() => {
      var again = true
      guarded { again = task() }
      if (again) repeat(interval, interval, task)
    }): Runnable, delay, MILLISECONDS)

  private def guarded(task: => Unit): Unit = try task catch { case error: Throwable => failed(error) }
}
