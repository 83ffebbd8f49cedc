package spark.jobserver

import scala.concurrent.duration.FiniteDuration

/** A thing that the jobs of a context share under a name. */
trait NamedObject

/** Keeps objects of a kind in Spark's storage, and takes them out of it. */
abstract class NamedObjectPersister[O <: NamedObject] {

  /** Called once, before the object is shared. */
  def persist(namedObj: O, name: String): Unit

  /** Called whenever another job gets the object. */
  def refresh(namedObject: O): O

  /** Called when the object is destroyed or replaced. */
  def unpersist(namedObject: O): Unit
}

/** The objects that the jobs of a context share. */
trait NamedObjects {

  /** How long a call waits for an object that another job is making. */
  def defaultTimeout: FiniteDuration

  /**
   * The object of that name. If there is none, the calling thread makes it; others that ask meanwhile wait for it.
   * Throws `TimeoutException` if it takes longer than the timeout, and what `objGen` throws.
   */
  def getOrElseCreate[O <: NamedObject](name: String, objGen: => O)
      (implicit timeout: FiniteDuration = defaultTimeout, persister: NamedObjectPersister[O]): O

  /** The object of that name, if there is one. Waits for one that is being made. */
  def get[O <: NamedObject](name: String)(implicit timeout: FiniteDuration = defaultTimeout): Option[O]

  /** Puts a new object in the place of what has that name, and unpersists the latter. */
  def update[O <: NamedObject](name: String, objGen: => O)
      (implicit timeout: FiniteDuration = defaultTimeout, persister: NamedObjectPersister[O]): O

  /** Removes the name. The object stays persisted. */
  def forget(name: String): Unit

  /** Removes the name and unpersists the object. */
  def destroy[O <: NamedObject](objOfType: O, name: String)(implicit persister: NamedObjectPersister[O]): Unit

  def getNames(): Iterable[String]
}

/** Marks jobs that use named objects. Every old job has `namedObjects`, with or without it. */
trait NamedObjectSupport
