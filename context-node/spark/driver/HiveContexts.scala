package hearth.driver

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.hive.HiveContext

/** Apart from other code, as some Sparks have no Hive. */
object HiveContexts {
  def of(session: SparkSession): HiveContext = new HiveContext(session.sparkContext)
}
