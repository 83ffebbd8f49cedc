package hearth.driver

import java.util.concurrent.{CompletableFuture, ConcurrentHashMap, ExecutionException, TimeoutException}
import java.util.concurrent.TimeUnit.NANOSECONDS

import scala.concurrent.duration.{DurationInt, FiniteDuration}
import spark.jobserver.{NamedDataFrame, NamedObject, NamedObjectPersister, NamedObjects}

/** A shared object, with the action that undoes its sharing. */
final class Shared(val value: NamedObject, val unpersist: () => Unit, val createTime: Long)

/**
 * The named objects of the context. The first thread that asks for a name makes the object; the others wait. A maker that
 * fails or is killed frees the name, and the others get its exception.
 */
final class NamedRegistry(views: NamedViews) extends NamedObjects {
  private final class Slot(val maker: Thread) {
    val made = new CompletableFuture[Shared]()
    // Used under the lock.
    var view: Option[String] = None
  }

  // Names lose their slots and get their views under the lock, so that a view is that of the present slot.
  private val lock = new Object
  private val slots = new ConcurrentHashMap[String, Slot]()

  override def defaultTimeout: FiniteDuration = 60.seconds

  override def getOrElseCreate[O <: NamedObject](name: String, objGen: => O)
      (implicit timeout: FiniteDuration, persister: NamedObjectPersister[O]): O = {
    val mine = new Slot(Thread.currentThread())
    val known = slots.putIfAbsent(name, mine)
    // The type of the object is known to the jobs that share it only.
    if (known == null) create(name, mine, objGen)
    else persister.refresh(await(name, known, timeout).value.asInstanceOf[O])
  }

  override def get[O <: NamedObject](name: String)(implicit timeout: FiniteDuration): Option[O] =
    Option(slots.get(name)).map(slot => await(name, slot, timeout).value.asInstanceOf[O])

  override def update[O <: NamedObject](name: String, objGen: => O)
      (implicit timeout: FiniteDuration, persister: NamedObjectPersister[O]): O = {
    val mine = new Slot(Thread.currentThread())
    val (value, shared) = share(name, objGen)
    val old = lock.synchronized {
      show(name, mine, value)
      mine.made.complete(shared)
      val replaced = slots.put(name, mine)
      if (replaced != null && replaced.view != mine.view) replaced.view.foreach(views.drop)
      replaced
    }
    if (old != null) old.made.thenAccept(replaced => if (!sameData(replaced.value, value)) replaced.unpersist())
    value
  }

  override def forget(name: String): Unit = lock.synchronized {
    Option(slots.remove(name)).foreach(_.view.foreach(views.drop))
  }

  override def destroy[O <: NamedObject](objOfType: O, name: String)(implicit persister: NamedObjectPersister[O]): Unit = {
    forget(name)
    persister.unpersist(objOfType)
  }

  override def getNames(): Iterable[String] = all.map(_._1)

  /** The objects that are made, by name. */
  def all: Seq[(String, Shared)] = {
    val found = Vector.newBuilder[(String, Shared)]
    slots.forEach((name, slot) => if (isMade(slot)) found += name -> slot.made.join())
    found.result().sortBy(_._1)
  }

  /** The object of that name, if it is made. */
  def find(name: String): Option[Shared] = Option(slots.get(name)).filter(isMade).map(_.made.join())

  /** Removes a name and unpersists its object, if it is made. */
  def drop(name: String): Unit = {
    val dropped = lock.synchronized {
      val found = find(name)
      if (found.isDefined) forget(name)
      found
    }
    dropped.foreach(_.unpersist())
  }

  private def isMade(slot: Slot): Boolean = slot.made.isDone && !slot.made.isCompletedExceptionally

  private def create[O <: NamedObject](name: String, mine: Slot, objGen: => O)(implicit persister: NamedObjectPersister[O]): O =
    try {
      val (value, shared) = share(name, objGen)
      lock.synchronized(if (slots.get(name) eq mine) show(name, mine, value))
      mine.made.complete(shared)
      value
    } catch {
      case error: Throwable =>
        slots.remove(name, mine)
        mine.made.completeExceptionally(error)
        throw error
    }

  private def share[O <: NamedObject](name: String, objGen: => O)(implicit persister: NamedObjectPersister[O]): (O, Shared) = {
    val value = objGen
    persister.persist(value, name)
    (value, new Shared(value, () => persister.unpersist(value), System.currentTimeMillis()))
  }

  private def show(name: String, slot: Slot, value: NamedObject): Unit = value match {
    case frame: NamedDataFrame => slot.view = views.create(name, frame.df)
    case _ => ()
  }

  // Spark caches plans, not DataFrames: the old and the new DataFrame may share their data.
  private def sameData(old: NamedObject, next: NamedObject): Boolean = (old, next) match {
    case (one: NamedDataFrame, other: NamedDataFrame) => one.df.sameSemantics(other.df)
    case _ => old == next
  }

  private def await(name: String, slot: Slot, timeout: FiniteDuration): Shared = {
    if (!slot.made.isDone && slot.maker == Thread.currentThread())
      throw new IllegalStateException(s"Cannot get named object $name while the same thread makes it")
    try slot.made.get(timeout.toNanos, NANOSECONDS)
    catch {
      case _: TimeoutException => throw new TimeoutException(s"Named object $name was not made within $timeout")
      case failed: ExecutionException => throw new RuntimeException(s"Named object $name could not be made: ${failed.getCause}", failed.getCause)
    }
  }
}
