package hearth.driver

import org.apache.spark.sql.{DataFrame, SparkSession, classic}

/** What of Spark's sessions differs between its major versions. */
object SessionInternals {

  /** The RDD in which Spark keeps a cached DataFrame, once it is computed. */
  def cachedRddId(frame: DataFrame): Option[Int] = frame match {
    case dataset: classic.Dataset[_] =>
      dataset.sparkSession.sharedState.cacheManager
        .lookupCachedData(dataset)
        .map(_.cachedRepresentation.cacheBuilder)
        .filter(_.isCachedColumnBuffersLoaded)
        .map(_.cachedColumnBuffers.id)
    case _ => None
  }

  /** Drops a view in `global_temp`. Unlike the catalog of the session it does not uncache what the view shows. */
  def dropGlobalTempView(session: SparkSession, view: String): Unit = session match {
    case ours: classic.SparkSession => ours.sessionState.catalog.dropGlobalTempView(view)
    case other => other.catalog.dropGlobalTempView(view)
  }
}
