package hearth.bench

import org.apache.spark.{SparkConf, SparkContext}
import scala.io.StdIn

/**
 * The word count of the measurements, called in a loop inside one driver: what remains when there is no server. For each number that it reads
 * from standard input it counts that many times, and prints how long each took, in microseconds. It ends with its input.
 */
object Loop {
  private val Words = "a b c a b see"

  def main(arguments: Array[String]): Unit = {
    val sc = new SparkContext(new SparkConf())
    println("READY")
    Iterator.continually(StdIn.readLine()).takeWhile(_ != null).foreach { line =>
      println(Array.fill(line.toInt)(timed(sc)).mkString("TIMES ", " ", ""))
    }
    sc.stop()
  }

  private def timed(sc: SparkContext): Long = {
    val startedAt = System.nanoTime()
    val counts = sc.parallelize(Words.split(" ").toSeq).countByValue()
    val micros = (System.nanoTime() - startedAt) / 1000
    if (counts("a") != 2) throw new IllegalStateException(s"Counted $counts")
    micros
  }
}
