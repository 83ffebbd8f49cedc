package spark.jobserver

import scala.concurrent.duration.FiniteDuration

/** An object that the jobs of a context share under a name. */
trait NamedObject

/** Persists objects of a kind in Spark's storage, and removes them. */
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

  /** Time limit of a call for an object that another job is creating. */
  def defaultTimeout: FiniteDuration

  /**
   * Returns the object of that name. If it does not exist, the calling thread creates it; other callers wait for it.
   * Throws `TimeoutException` if it takes longer than the timeout, and what `objGen` throws.
   */
  def getOrElseCreate[O <: NamedObject](name: String, objGen: => O)
      (implicit timeout: FiniteDuration = defaultTimeout, persister: NamedObjectPersister[O]): O

  /** Returns the object of that name, if it exists. Waits for an object that another thread is creating. */
  def get[O <: NamedObject](name: String)(implicit timeout: FiniteDuration = defaultTimeout): Option[O]

  /** Replaces the object of that name, and unpersists the old one. */
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
