package hearth.driver

import java.util.concurrent.ConcurrentHashMap

import org.apache.spark.sql.{DataFrame, SparkSession}

/** The views in `global_temp` that named DataFrames have: SQL of all sessions reads them. */
final class NamedViews(session: SparkSession, warn: String => Unit) {
  private val owners = new ConcurrentHashMap[String, String]()

  /** The name of the view of a named DataFrame; none if a DataFrame of another name has that view. */
  def create(name: String, frame: DataFrame): Option[String] = {
    val view = NamedViews.viewOf(name)
    val owner = owners.putIfAbsent(view, name)
    if (owner != null && owner != name) {
      warn(s"Named DataFrame $name has no view: global_temp.$view is that of $owner")
      None
    } else {
      frame.createOrReplaceGlobalTempView(view)
      Some(view)
    }
  }

  /** Drops a view. What it shows stays cached. */
  def drop(view: String): Unit = {
    SessionInternals.dropGlobalTempView(session, view)
    owners.remove(view)
  }
}

object NamedViews {

  /** The name as an identifier of SQL. */
  def viewOf(name: String): String = {
    val fit = name.replaceAll("[^A-Za-z0-9_]", "_")
    if (fit.isEmpty || fit.charAt(0).isDigit) s"_$fit" else fit
  }
}
