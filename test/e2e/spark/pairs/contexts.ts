import { error, type Group, success } from "../pair.ts";

const RUNNING = { startTime: "<utc>", state: "RUNNING", endTime: "Empty", id: "<uuid>" };

export const CONTEXTS: readonly Group[] = [
  {
    title: "GET /contexts",
    pairs: [
      {
        says: "lists those that the configuration names",
        request: "GET /contexts",
        status: 200,
        answer: ["standing"],
        eventually: true,
      },
      {
        says: "tells one in full",
        request: "GET /contexts/standing",
        status: 200,
        answer: { name: "standing", ...RUNNING },
      },
      {
        says: "tells that there is none",
        request: "GET /contexts/none",
        status: 404,
        answer: error("can't find context with name none"),
      },
    ],
  },
  {
    title: "POST /contexts/<name>",
    pairs: [
      {
        says: "creates one with the settings of the README",
        request: "POST /contexts/test-context?num-cpu-cores=4&memory-per-node=512m",
        body: "",
        status: 200,
        answer: success("Context initialized"),
      },
      {
        says: "and hands them to its jobs",
        request: "POST /jobs?appName=values&classPath=Settings&context=test-context&sync=true",
        status: 200,
        answer: {
          jobId: "<uuid>",
          result: { everywhere: "yes", "num-cpu-cores": "4", "memory-per-node": "512m" },
        },
      },
      {
        says: "refuses a name that is taken",
        request: "POST /contexts/test-context",
        status: 400,
        answer: error("context test-context exists"),
      },
      {
        says: "refuses a name that does not begin with a letter",
        request: "POST /contexts/1st",
        status: 400,
        answer: error("context name must start with letters"),
      },
      {
        says: "refuses a name with a slash",
        request: "POST /contexts/a%2Fb",
        status: 400,
        answer: error("Cannot accept the request: <text>"),
      },
      {
        says: "takes settings from the body, which stand above those of the query",
        request: "POST /contexts/settled?mine=query&other=query&memory-per-node=256m",
        body: "spark.context-settings { mine = body, nested { a = 1 }, spark.cores.max = 1 }",
        status: 200,
        answer: success("Context initialized"),
      },
      {
        says: "hands jobs the settings by the names that were given, and those of the server beneath",
        request: "POST /jobs?appName=values&classPath=Settings&context=settled&sync=true",
        status: 200,
        answer: {
          jobId: "<uuid>",
          result: {
            ...{ everywhere: "yes", mine: "body", other: "query", "memory-per-node": "256m" },
            ...{ nested: { a: 1 }, spark: { cores: { max: 1 } } },
          },
        },
      },
      {
        says: "refuses a body that is no HOCON",
        request: "POST /contexts/garbled",
        body: "spark.context-settings { a = ",
        status: 400,
        answer: error("Cannot parse config: String: <text>"),
      },
      {
        says: "refuses a setting that has to be a number",
        request: "POST /contexts/garbled?num-cpu-cores=many",
        status: 400,
        answer: error('Cannot parse config: num-cpu-cores must be a number, but is "many"'),
      },
      {
        says: "refuses a size that is none",
        request: "POST /contexts/garbled?memory-per-node=much",
        status: 400,
        answer: error('Cannot parse config: memory-per-node must be a size such as 512m, but is "much"'),
      },
      {
        says: "refuses more than a context may have, by the rules of the modern API",
        request: "POST /contexts/garbled?max-jobs-per-context=100000",
        status: 400,
        answer: error("Cannot accept the request: <text>"),
      },
      {
        says: "refuses dependent jars of a scheme that nothing loads",
        request: "POST /contexts/garbled?dependent-jar-uris=hdfs:%2F%2F%2Fa.jar",
        status: 400,
        answer: {
          status: "CONTEXT INIT ERROR: Malformed URL",
          result: {
            message: "unknown protocol: hdfs",
            errorClass: "java.net.MalformedURLException",
            stack: "<text>",
          },
        },
      },
      {
        says: "tells that no node has so much memory",
        request: "POST /contexts/huge?memory-per-node=900G",
        status: 500,
        answer: {
          status: "CONTEXT INIT ERROR",
          result: { message: "Cannot place the context: <text>", errorClass: "NO_ROOM", stack: "<text>" },
        },
      },
      {
        says: "takes settings of Spark that mean nothing here for what jobs may look at",
        request:
          "POST /contexts/sparky?color=red&launcher.spark.driver.memory=512m&streaming.batch_interval=1000&spark.cores.max=1&passthrough.a.b=c",
        status: 200,
        answer: success("Context initialized"),
      },
      {
        says: "and shows them",
        request: "POST /jobs?appName=values&classPath=Settings&context=sparky&sync=true",
        status: 200,
        answer: {
          jobId: "<uuid>",
          result: {
            everywhere: "yes",
            color: "red",
            launcher: { spark: { driver: { memory: "512m" } } },
            streaming: { batch_interval: "1000" },
            spark: { cores: { max: "1" } },
            passthrough: { a: { b: "c" } },
          },
        },
      },
      {
        says: "takes a factory for a Spark context, which needs a node that has Spark",
        request: "POST /contexts/factory?context-factory=spark.jobserver.context.SessionContextFactory",
        status: 500,
        answer: {
          status: "CONTEXT INIT ERROR",
          result: {
            message: "Cannot place the context: no context node runs SPARK contexts (node <text>)",
            errorClass: "NO_NODE",
            stack: "<text>",
          },
        },
      },
      {
        says: "refuses a factory for Python",
        request: "POST /contexts/factory?context-factory=spark.jobserver.python.PythonSessionContextFactory",
        status: 400,
        answer: error(
          "Cannot parse config: context-factory: spark.jobserver.python.PythonSessionContextFactory makes contexts for Python, which does not run here: use a job of a jar, or Spark's SQL, in a context of spark.jobserver.context.SessionContextFactory",
        ),
      },
      {
        says: "refuses a factory that is not known",
        request: "POST /contexts/factory?context-factory=com.example.Mine",
        status: 400,
        answer: error("Cannot parse config: context-factory: com.example.Mine is not a known factory: <text>"),
      },
      {
        says: "refuses memory of a driver that spark-jobserver does not take",
        request: "POST /contexts/factory?launcher.spark.driver.memory=2GB",
        status: 400,
        answer: error(
          "Cannot parse config: launcher.spark.driver.memory must be a number with k, m, g or t, such as 512m, but is <text>2GB<text>",
        ),
      },
      {
        says: "takes Spark's name for the memory, and a dependency by name",
        request: "POST /contexts/roomy?spark.executor.memory=300m&dependent-jar-uris=examples",
        status: 200,
        answer: success("Context initialized"),
      },
      {
        says: "in which jobs find what the dependency has",
        request: "POST /jobs?appName=values&classPath=NoOpJob&context=roomy&sync=true",
        status: 200,
        answer: { jobId: "<uuid>", result: 1 },
      },
      {
        says: "knows nothing of what was refused",
        request: "GET /contexts/garbled",
        status: 404,
        answer: error("can't find context with name garbled"),
      },
    ],
  },
];
