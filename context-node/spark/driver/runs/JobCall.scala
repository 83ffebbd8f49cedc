package hearth.driver

import com.typesafe.config.Config
import org.apache.spark.api.java.JavaSparkContext
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.hive.HiveContext
import org.scalactic.{Bad, Good}
import spark.jobserver.{SparkHiveJob, SparkJob, SparkSessionJob, SparkSqlJob, SparkStreamingJob, api}
import spark.jobserver.api.{JobEnvironment, SparkJobBase, ValidationProblem}
import spark.jobserver.context.SparkSessionContextLikeWrapper
import spark.jobserver.japi._

/** A job with its context, ready to be called. */
trait JobCall {

  /** Returns the problems of the config, or the function that runs the job. */
  def validate(config: Config): Either[Seq[ValidationProblem], () => Any]
}

object JobCall {

  /**
   * Gives a job the context of its kind. Throws [[JobNotLoaded]] if the job is not for this context.
   * Streaming contexts take streaming jobs, all others the rest.
   */
  def of(job: AnyRef, contexts: JobContexts, environment: JobEnvironment): JobCall = {
    val streaming = job.isInstanceOf[SparkStreamingJob] || job.isInstanceOf[JStreamingJob[_]]
    if (streaming != contexts.streaming) throw new JobNotLoaded(mismatch(job, streaming))
    job match {
      case scalaJob: SparkJobBase => ofScala(scalaJob, contextOf(job, contexts), environment)
      case javaJob: BaseJavaJob[_, _] => ofJava(javaJob, contextOf(job, contexts), environment)
    }
  }

  private def contextOf(job: AnyRef, contexts: JobContexts): Any = job match {
    case _: SparkSessionJob | _: JSessionJob[_] => SparkSessionContextLikeWrapper(contexts.newSession())
    case _: SparkSqlJob | _: JSqlJob[_] => contexts.newSession().sqlContext
    case _: SparkHiveJob | _: JHiveJob[_] => HiveContexts.of(contexts.session)
    case _: SparkStreamingJob | _: JStreamingJob[_] => contexts.newStreamingContext()
    case _: SparkJob | _: api.SparkJob | _: api.OldSparkJob => contexts.session.sparkContext
    case _: JSparkJob[_] => new JavaSparkContext(contexts.session.sparkContext)
    case other =>
      throw new JobNotLoaded(
        s"Invalid job type for this context: ${other.getClass.getName} extends none of the traits that name the type of a context")
  }

  private def ofScala(job: SparkJobBase, context: Any, environment: JobEnvironment): JobCall = new JobCall {
    // Which type of context a job has was decided by its trait: the compiler cannot know it.
    override def validate(config: Config): Either[Seq[ValidationProblem], () => Any] =
      job.validate(context.asInstanceOf[job.C], environment, config) match {
        case Good(data) => Right(() => job.runJob(context.asInstanceOf[job.C], environment, data))
        case Bad(problems) => Left(problems.toVector)
      }
  }

  private def ofJava[R, C](job: BaseJavaJob[R, C], context: Any, environment: JobEnvironment): JobCall = new JobCall {
    override def validate(config: Config): Either[Seq[ValidationProblem], () => Any] =
      try {
        val data = job.verify(context.asInstanceOf[C], environment, config)
        Right(() => job.run(context.asInstanceOf[C], environment, data))
      } catch { case problem: JavaValidationException => Left(Seq(problem)) }
  }

  private def mismatch(job: AnyRef, streaming: Boolean): String = {
    val name = job.getClass.getName.stripSuffix("$")
    if (streaming) s"Invalid job type for this context: $name is a streaming job; run it in a context of spark.jobserver.context.StreamingContextFactory"
    else s"Invalid job type for this context: $name is no streaming job, and the context takes streaming jobs only"
  }
}

/** The contexts that jobs get. */
trait JobContexts {

  /** The context takes streaming jobs, and no others. */
  def streaming: Boolean

  /** The session of the application. */
  def session: SparkSession

  /** A session with temporary views and settings of its own. */
  def newSession(): SparkSession

  /** A streaming context that ends with the run. */
  def newStreamingContext(): org.apache.spark.streaming.StreamingContext
}

/** Loads the class of Hive on use only: a Spark may come without Hive. */
object HiveContexts {
  def of(session: SparkSession): HiveContext = new HiveContext(session.sparkContext)
}
