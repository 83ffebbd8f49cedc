package hearth.driver

/**
 * A Spark driver of Hearth: one JVM, one Spark application, one context.
 *
 * `hearth.driver.Main <host> <port>` connects to its node. The environment has HEARTH_DRIVER_TOKEN, and HEARTH_SPARE=warm for a spare.
 */
object Main {
  def main(arguments: Array[String]): Unit = {
    val Array(host, port) = arguments
    val console = System.err
    val folder = new TemporaryFolder()
    val end = new DriverEnd(folder, console)
    val loader = new JobClassLoader(Thread.currentThread().getContextClassLoader)
    Thread.currentThread().setContextClassLoader(loader)
    val connection = Connection.open(host, port.toInt, end.nodeGone)
    val driver = new Driver(connection, loader, folder, end)
    driver.start(sys.env.getOrElse("HEARTH_DRIVER_TOKEN", ""), warm = sys.env.get("HEARTH_SPARE").contains("warm"))
    end.await()
  }
}
