package hearth.driver

import org.apache.spark.sql.SparkSession

/** Warms the JVM of a spare: loads the classes that a context and its first jobs need, in a temporary Spark application. */
object Warmth {
  private val Rounds = 3

  def raise(): Unit = {
    val session = SparkSession.builder().master("local[1]").appName("hearth-spare")
      .config("spark.ui.enabled", "false").config("spark.eventLog.enabled", "false").config("spark.plugins", "")
      .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
      .getOrCreate()
    try for (_ <- 1 to Rounds) use(session)
    finally {
      session.stop()
      SparkSession.clearActiveSession()
      SparkSession.clearDefaultSession()
    }
  }

  private def use(session: SparkSession): Unit = {
    session.sparkContext.parallelize(Seq("a", "b", "a")).countByValue()
    val rows = session.newSession().sql("SELECT id % 3 AS k, count(*) AS n FROM range(100) GROUP BY 1").toLocalIterator()
    while (rows.hasNext) rows.next()
  }
}
