package hearth.test

import java.io.{File, FileOutputStream}
import java.util.concurrent.CountDownLatch

import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.yarn.conf.YarnConfiguration
import org.apache.hadoop.yarn.server.MiniYARNCluster

/**
 * A YARN cluster in one JVM: a resource manager and a node manager of Hadoop's own test kit. It writes the configuration that clients read to
 * the folder of its first argument, prints `READY <address of the resource manager's page>`, and runs until SIGTERM.
 */
object MiniYarn {
  def main(arguments: Array[String]): Unit = {
    val folder = new File(arguments(0))
    System.setProperty("test.build.data", new File(folder, "data").getPath)
    System.setProperty("test.build.dir", folder.getPath)

    val cluster = new MiniYARNCluster("hearth", 1, 1, 1)
    Runtime.getRuntime.addShutdownHook(new Thread(() => cluster.stop()))
    cluster.init(configuration())
    cluster.start()
    if (!cluster.waitForNodeManagersToConnect(30000)) throw new IllegalStateException("The node manager did not register in 30 s")

    val client = new Configuration(cluster.getConfig)
    client.set("yarn.application.classpath", "")
    write(client, new File(folder, "yarn-site.xml"))
    val core = new Configuration(false)
    core.set("fs.defaultFS", "file:///")
    write(core, new File(folder, "core-site.xml"))
    println(s"READY ${cluster.getConfig.get(YarnConfiguration.RM_WEBAPP_ADDRESS)}")
    new CountDownLatch(1).await()
  }

  private def configuration(): YarnConfiguration = {
    val configuration = new YarnConfiguration()
    configuration.set("fs.defaultFS", "file:///")
    configuration.set("yarn.resourcemanager.hostname", "127.0.0.1")
    configuration.set("yarn.nodemanager.hostname", "127.0.0.1")
    configuration.setBoolean("yarn.minicluster.fixed.ports", false)
    configuration.setInt("yarn.scheduler.minimum-allocation-mb", 128)
    configuration.setInt("yarn.nodemanager.resource.memory-mb", 6144)
    configuration.setInt("yarn.nodemanager.resource.cpu-vcores", 4)
    // A JVM reserves more than it uses, and the disk of a test is as full as it is.
    configuration.setBoolean("yarn.nodemanager.vmem-check-enabled", false)
    configuration.setBoolean("yarn.nodemanager.pmem-check-enabled", false)
    configuration.setBoolean("yarn.nodemanager.disk-health-checker.enable", false)
    configuration.set("yarn.scheduler.capacity.root.queues", "default")
    configuration.setInt("yarn.scheduler.capacity.root.default.capacity", 100)
    configuration.setFloat("yarn.scheduler.capacity.maximum-am-resource-percent", 1.0f)
    configuration
  }

  private def write(configuration: Configuration, file: File): Unit = {
    val output = new FileOutputStream(file)
    try configuration.writeXml(output)
    finally output.close()
  }
}
