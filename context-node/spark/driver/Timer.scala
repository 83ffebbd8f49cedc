package hearth.driver

import java.util.concurrent.{ScheduledThreadPoolExecutor, ThreadFactory}
import java.util.concurrent.TimeUnit.MILLISECONDS

/** Repeats tasks, in threads of its own. If a task throws, passes the error to `failed`, and repeats the task. */
final class Timer(failed: Throwable => Unit) {
  private val threads: ThreadFactory = task => {
    val thread = new Thread(task, "hearth-timer")
    thread.setDaemon(true)
    thread
  }
  private val pool = new ScheduledThreadPoolExecutor(2, threads)

  /** Repeats a task forever. */
  def every(milliseconds: Long)(task: => Unit): Unit =
    pool.scheduleWithFixedDelay(() => guarded(task), milliseconds, milliseconds, MILLISECONDS)

  /** Runs a task at once, and repeats it while it returns true. */
  def whileTrue(milliseconds: Long)(task: => Boolean): Unit = repeat(0, milliseconds, () => task)

  private def repeat(delay: Long, interval: Long, task: () => Boolean): Unit =
    pool.schedule((() => {
      var again = true
      guarded { again = task() }
      if (again) repeat(interval, interval, task)
    }): Runnable, delay, MILLISECONDS)

  private def guarded(task: => Unit): Unit = try task catch { case error: Throwable => failed(error) }
}
