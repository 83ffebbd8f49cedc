package hearth.driver

import com.fasterxml.jackson.databind.JsonNode
import org.apache.spark.sql.{Column, functions}

/**
 * Converts JSON to literals of SQL: numbers, strings, booleans, null, arrays, and objects as maps. Spark 3.5 takes no arrays of mixed or
 * nested values, and no objects.
 */
object SqlParameter {

  def literal(node: JsonNode): Column =
    if (node.isArray) arrayOf(elements(node))
    else if (node.isObject) {
      var members = Vector.empty[Column]
      node.fields().forEachRemaining(field => members = members :+ functions.lit(field.getKey) :+ literal(field.getValue))
      functions.map(members: _*)
    } else functions.lit(scalar(node))

  private def arrayOf(items: Seq[JsonNode]): Column =
    if (items.forall(_.isInt)) functions.lit(items.map(_.intValue).toArray)
    else if (items.forall(item => item.isIntegralNumber && item.canConvertToLong)) functions.lit(items.map(_.longValue).toArray)
    else if (items.forall(_.isNumber)) functions.lit(items.map(_.doubleValue).toArray)
    else if (items.forall(_.isTextual)) functions.lit(items.map(_.textValue).toArray)
    else if (items.forall(_.isBoolean)) functions.lit(items.map(_.booleanValue).toArray)
    else functions.array(items.map(literal): _*)

  private def scalar(node: JsonNode): Any =
    if (node.isNull) null
    else if (node.isBoolean) node.booleanValue
    else if (node.isInt) node.intValue
    else if (node.isLong) node.longValue
    else if (node.isBigInteger) new java.math.BigDecimal(node.bigIntegerValue)
    else if (node.isNumber) node.doubleValue
    else node.textValue

  private def elements(node: JsonNode): Seq[JsonNode] = (0 until node.size).map(node.get)
}
