package hearth.driver

import com.fasterxml.jackson.databind.node.ObjectNode
import org.apache.spark.SparkContext
import org.apache.spark.storage.{RDDInfo, StorageLevel}
import spark.jobserver.{NamedBroadcast, NamedDataFrame, NamedRDD}

/** Describes named objects as `driver_protocol.ts` lists them. What Spark cannot report of a broken object is 0 or None. */
final class NamedObjectList(context: SparkContext) {

  def message(request: Int, objects: Seq[(String, Shared)]): ObjectNode = {
    val sent = DriverMessage.objects(request)
    val array = sent.putArray("objects")
    val infos = orElse(Map.empty[Int, RDDInfo])(context.getRDDStorageInfo.map(info => info.id -> info).toMap)
    objects.take(NamedObjectList.MostObjects).foreach { case (name, shared) =>
      val node = array.addObject().put("name", Text.cut(name, 256)).put("kind", kindOf(shared))
      val rdd = orElse(Option.empty[RDDInfo])(cachedRdd(shared).flatMap(infos.get))
      val level = orElse(StorageLevel.NONE)(levelOf(shared))
      node.put("storageLevel", descriptionOf(level)).put("partitions", orElse(0)(partitionsOf(shared, rdd)))
      node.put("cachedPartitions", rdd.map(_.numCachedPartitions).getOrElse(0))
      node.put("memoryBytes", rdd.map(_.memSize).getOrElse(0L)).put("diskBytes", rdd.map(_.diskSize).getOrElse(0L))
      node.put("createTime", shared.createTime)
    }
    sent
  }

  // A missing file makes an RDD throw, and RDDs of jobs' own classes throw anything.
  private def orElse[T](unknown: T)(value: => T): T = try value catch { case _: Throwable => unknown }

  private def kindOf(shared: Shared): String = shared.value match {
    case _: NamedRDD[_] => "RDD"
    case _: NamedDataFrame => "DATA_FRAME"
    case _: NamedBroadcast[_] => "BROADCAST"
    case other => Text.cut(other.getClass.getName, 256)
  }

  private def levelOf(shared: Shared): StorageLevel = shared.value match {
    case named: NamedRDD[_] => named.rdd.getStorageLevel
    case named: NamedDataFrame => named.df.storageLevel
    case _ => StorageLevel.NONE
  }

  private def descriptionOf(level: StorageLevel): String = if (level == StorageLevel.NONE) "None" else level.description

  private def cachedRdd(shared: Shared): Option[Int] = shared.value match {
    case named: NamedRDD[_] => Some(named.rdd.id)
    case named: NamedDataFrame => SessionInternals.cachedRddId(named.df)
    case _ => None
  }

  // The partitions of a DataFrame that is not cached are known only after planning.
  private def partitionsOf(shared: Shared, cached: Option[RDDInfo]): Int = shared.value match {
    case named: NamedRDD[_] => named.rdd.getNumPartitions
    case _ => cached.map(_.numPartitions).getOrElse(0)
  }
}

object NamedObjectList {
  private val MostObjects = 500
}
