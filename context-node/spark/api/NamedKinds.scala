package spark.jobserver

import org.apache.spark.broadcast.Broadcast
import org.apache.spark.rdd.RDD
import org.apache.spark.sql.DataFrame
import org.apache.spark.storage.StorageLevel

/** A shared RDD. `forceComputation` computes it before it is shared. */
case class NamedRDD[T](rdd: RDD[T], forceComputation: Boolean, storageLevel: StorageLevel) extends NamedObject

/** Persists RDDs at their storage level, or at the one that they have. */
class RDDPersister[T] extends NamedObjectPersister[NamedRDD[T]] {
  override def persist(namedObj: NamedRDD[T], name: String): Unit = {
    StorageRule.check(namedObj.forceComputation, namedObj.storageLevel)
    val rdd = namedObj.rdd
    rdd.setName(name)
    val isFirst = rdd.getStorageLevel == StorageLevel.NONE
    if (isFirst) rdd.persist(namedObj.storageLevel)
    if (namedObj.forceComputation) Computation.orUndo(rdd.count())(if (isFirst) rdd.unpersist(blocking = false))
  }

  override def refresh(namedRDD: NamedRDD[T]): NamedRDD[T] = {
    namedRDD.rdd.persist(namedRDD.rdd.getStorageLevel)
    namedRDD
  }

  override def unpersist(namedRDD: NamedRDD[T]): Unit = namedRDD.rdd.unpersist(blocking = false)
}

/** A shared DataFrame. In Hearth it is the view `global_temp.<name>` too. */
case class NamedDataFrame(df: DataFrame, forceComputation: Boolean, storageLevel: StorageLevel) extends NamedObject

/** Persists DataFrames at their storage level. */
class DataFramePersister extends NamedObjectPersister[NamedDataFrame] {
  override def persist(namedObj: NamedDataFrame, name: String): Unit = {
    StorageRule.check(namedObj.forceComputation, namedObj.storageLevel)
    val df = namedObj.df
    val isFirst = df.storageLevel == StorageLevel.NONE
    df.persist(namedObj.storageLevel)
    if (namedObj.forceComputation) Computation.orUndo(df.count())(if (isFirst) df.unpersist(blocking = false))
  }

  override def refresh(namedDF: NamedDataFrame): NamedDataFrame = {
    // Spark warns of data that is cached already.
    if (namedDF.df.storageLevel == StorageLevel.NONE) namedDF.df.persist(namedDF.storageLevel)
    namedDF
  }

  override def unpersist(namedObj: NamedDataFrame): Unit = namedObj.df.unpersist(blocking = false)
}

/** A shared broadcast variable. */
case class NamedBroadcast[T](broadcast: Broadcast[T]) extends NamedObject

/** Broadcasts need no persisting. */
class BroadcastPersister[T] extends NamedObjectPersister[NamedBroadcast[T]] {
  override def persist(namedObj: NamedBroadcast[T], name: String): Unit = ()

  override def refresh(namedBroadcast: NamedBroadcast[T]): NamedBroadcast[T] = namedBroadcast

  override def unpersist(namedObj: NamedBroadcast[T]): Unit = namedObj.broadcast.unpersist(blocking = false)
}

private object Computation {

  /** Computes the object. If that fails, undoes the previous steps. */
  def orUndo(computation: => Unit)(undo: => Unit): Unit = {
    var done = false
    try {
      computation
      done = true
    } finally if (!done) undo
  }
}

private object StorageRule {
  def check(forceComputation: Boolean, storageLevel: StorageLevel): Unit =
    require(!forceComputation || storageLevel != StorageLevel.NONE, "forceComputation implies storageLevel != NONE")
}
