package hearth.driver

import java.lang.reflect.{InvocationTargetException, Modifier}

import spark.jobserver.api.SparkJobBase
import spark.jobserver.japi.BaseJavaJob

/** Finds a job by name: a Scala object, or a class with a constructor without parameters. */
final class JobLoader(loader: ClassLoader) {

  /** Loads the job. Throws [[JobNotLoaded]], with what the classes themselves throw as the cause. */
  def load(main: String, jars: Seq[String]): AnyRef =
    find(main + "$").filter(isJob).flatMap(instanceOfObject).getOrElse {
      val found = find(main).getOrElse(throw new JobNotLoaded(s"Class $main not found in jars ${jars.mkString(", ")}"))
      if (!isJob(found))
        throw new JobNotLoaded(
          s"Invalid job type for this context: class $main is no job. A job extends spark.jobserver.SparkJob, spark.jobserver.api.SparkJob, " +
            "spark.jobserver.SparkSessionJob, spark.jobserver.SparkStreamingJob, or spark.jobserver.japi.JSparkJob, JSessionJob or JStreamingJob")
      newInstance(found)
    }

  private def isJob(found: Class[_]): Boolean =
    classOf[SparkJobBase].isAssignableFrom(found) || classOf[BaseJavaJob[_, _]].isAssignableFrom(found)

  private def find(name: String): Option[Class[_]] =
    try Some(Class.forName(name, false, loader)) catch { case _: ClassNotFoundException => None }

  private def instanceOfObject(found: Class[_]): Option[AnyRef] =
    found.getFields.find(_.getName == "MODULE$").map { field =>
      try field.get(null)
      catch { case failed: ExceptionInInitializerError => throw constructorThrew(found, failed.getCause) }
    }

  private def newInstance(found: Class[_]): AnyRef = {
    if (Modifier.isAbstract(found.getModifiers)) throw new JobNotLoaded(s"Class ${found.getName} is abstract: name a class that extends it")
    val constructor = found.getConstructors.find(_.getParameterCount == 0).getOrElse(
      throw new JobNotLoaded(s"Class ${found.getName} has no public constructor without parameters, so no job can be made of it"))
    try constructor.newInstance().asInstanceOf[AnyRef]
    catch {
      case failed: InvocationTargetException => throw constructorThrew(found, failed.getCause)
      case failed: ExceptionInInitializerError => throw constructorThrew(found, failed.getCause)
      case failed: IllegalAccessException => throw new JobNotLoaded(s"Class ${found.getName} is not public, so no job can be made of it", failed)
    }
  }

  private def constructorThrew(found: Class[_], cause: Throwable): Throwable = cause match {
    case linkage: LinkageError => linkage
    case thrown => new JobNotLoaded(s"The constructor of ${found.getName.stripSuffix("$")} threw $thrown", thrown)
  }
}

/** The job of a run cannot be loaded, or not in this context. */
final class JobNotLoaded(message: String, cause: Throwable = null) extends Exception(message, cause)
