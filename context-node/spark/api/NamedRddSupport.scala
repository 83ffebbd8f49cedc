package spark.jobserver

import scala.concurrent.duration.FiniteDuration

import org.apache.spark.rdd.RDD
import org.apache.spark.storage.StorageLevel

/** Gives old jobs RDDs that they share by name. The names are those of [[NamedObjects]]. */
trait NamedRddSupport extends NamedObjectSupport { self: SparkJob =>

  trait _NamedRdds {
    def defaultTimeout: FiniteDuration
    val defaultStorageLevel = StorageLevel.MEMORY_ONLY

    /** Returns the RDD of that name. If it does not exist, the calling thread creates it. */
    def getOrElseCreate[T](
        name: String,
        rddGen: => RDD[T],
        forceComputation: Boolean = true,
        storageLevel: StorageLevel = defaultStorageLevel)(implicit timeout: FiniteDuration = defaultTimeout): RDD[T]

    def get[T](name: String)(implicit timeout: FiniteDuration = defaultTimeout): Option[RDD[T]]

    /** Replaces the RDD of that name. */
    def update[T](
        name: String,
        rddGen: => RDD[T],
        forceComputation: Boolean = true,
        storageLevel: StorageLevel = defaultStorageLevel)(implicit timeout: FiniteDuration = defaultTimeout): RDD[T]

    /** Removes the name and unpersists the RDD. */
    def destroy(name: String): Unit

    def getNames(): Iterable[String]
  }

  def namedRdds: _NamedRdds = new _NamedRdds {
    override def defaultTimeout: FiniteDuration = namedObjects.defaultTimeout

    override def getOrElseCreate[T](name: String, rddGen: => RDD[T], forceComputation: Boolean, storageLevel: StorageLevel)
        (implicit timeout: FiniteDuration): RDD[T] =
      namedObjects.getOrElseCreate(name, NamedRDD(rddGen, forceComputation, storageLevel))(timeout, new RDDPersister[T]).rdd

    override def get[T](name: String)(implicit timeout: FiniteDuration): Option[RDD[T]] =
      namedObjects.get[NamedObject](name)(timeout) match {
        // The job knows the type of the elements, the registry does not.
        case Some(named: NamedRDD[_]) => Some(named.rdd.asInstanceOf[RDD[T]])
        case _ => None
      }

    override def update[T](name: String, rddGen: => RDD[T], forceComputation: Boolean, storageLevel: StorageLevel)
        (implicit timeout: FiniteDuration): RDD[T] =
      namedObjects.update(name, NamedRDD(rddGen, forceComputation, storageLevel))(timeout, new RDDPersister[T]).rdd

    override def destroy(name: String): Unit =
      namedObjects.get[NamedObject](name)(defaultTimeout) match {
        case Some(named: NamedRDD[_]) => destroyNamed(named, name)
        case _ => namedObjects.forget(name)
      }

    override def getNames(): Iterable[String] = namedObjects.getNames()

    private def destroyNamed[T](named: NamedRDD[T], name: String): Unit =
      namedObjects.destroy(named, name)(new RDDPersister[T])
  }
}
