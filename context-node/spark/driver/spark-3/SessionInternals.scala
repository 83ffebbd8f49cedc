package hearth.driver

import org.apache.spark.sql.{DataFrame, SparkSession}

/** What of Spark's sessions differs between its major versions. */
object SessionInternals {

  /** The RDD in which Spark keeps a cached DataFrame, once it is computed. */
  def cachedRddId(frame: DataFrame): Option[Int] =
    frame.sparkSession.sharedState.cacheManager
      .lookupCachedData(frame)
      .map(_.cachedRepresentation.cacheBuilder)
      .filter(_.isCachedColumnBuffersLoaded)
      .map(_.cachedColumnBuffers.id)

  /** Drops a view in `global_temp`. Unlike the catalog of the session it does not uncache what the view shows. */
  def dropGlobalTempView(session: SparkSession, view: String): Unit = session.sessionState.catalog.dropGlobalTempView(view)
}
