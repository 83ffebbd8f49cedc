package hearth.driver

import java.util.{ArrayList, LinkedHashMap}

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import com.typesafe.config.{Config, ConfigException, ConfigUtil, ConfigValueFactory}

/** Converts a JSON object to a `Config`. A key with dots is a path, as in HOCON, if it is a valid one. */
object JobConfig {
  private val mapper = new ObjectMapper()

  def parse(json: String): Config = {
    val root = mapper.readTree(json)
    if (!root.isObject) throw new IllegalArgumentException("The config is no JSON object")
    ConfigValueFactory.fromMap(objectOf(root)).toConfig
  }

  private def objectOf(node: JsonNode): LinkedHashMap[String, Object] = {
    val members = new LinkedHashMap[String, Object]()
    node.fields().forEachRemaining(field => put(members, pathOf(field.getKey), valueOf(field.getValue)))
    members
  }

  /** Later members win, and objects of the same path are merged. */
  private def put(members: LinkedHashMap[String, Object], path: List[String], value: Object): Unit = path match {
    case key :: Nil => (members.get(key), value) match {
      case (old: LinkedHashMap[String @unchecked, Object @unchecked], more: LinkedHashMap[String @unchecked, Object @unchecked]) =>
        more.forEach((name, inner) => put(old, List(name), inner))
      case _ => members.put(key, value)
    }
    case key :: rest =>
      val inner = new LinkedHashMap[String, Object]()
      put(inner, rest, value)
      put(members, List(key), inner)
    case Nil => ()
  }

  private def pathOf(key: String): List[String] =
    if (!key.contains('.') || key.contains('"')) List(key)
    else try {
      val path = ConfigUtil.splitPath(key)
      List.tabulate(path.size)(path.get)
    } catch { case _: ConfigException => List(key) }

  private def valueOf(node: JsonNode): Object =
    if (node.isObject) objectOf(node)
    else if (node.isArray) {
      val items = new ArrayList[Object](node.size)
      node.forEach(item => items.add(valueOf(item)))
      items
    } else if (node.isIntegralNumber && node.canConvertToInt) Int.box(node.intValue)
    else if (node.isIntegralNumber && node.canConvertToLong) Long.box(node.longValue)
    else if (node.isNumber) Double.box(node.doubleValue)
    else if (node.isBoolean) Boolean.box(node.booleanValue)
    else if (node.isNull) null
    else node.textValue
}
