import { error, type Group, success } from "../pair.ts";
import { keepId, report, returned, started, thrown } from "./reports.ts";

const WORD_COUNT = "appName=examples&classPath=spark.jobserver.WordCountExample";

function invalid(message: string): object {
  return { status: "VALIDATION FAILED", result: thrown("java.lang.Throwable", message), jobId: "<uuid>" };
}

export const SUBMISSION: readonly Group[] = [
  {
    title: "POST /jobs, what to run",
    pairs: [
      {
        says: "needs a context for what follows",
        request: "POST /contexts/jobs",
        status: 200,
        answer: success("Context initialized"),
      },
      {
        says: "runs a class of a binary",
        request: `POST /jobs?${WORD_COUNT}&context=jobs&sync=true`,
        body: "input.string = a b c a b see",
        status: 200,
        answer: returned({ a: 2, b: 2, c: 1, see: 1 }),
      },
      {
        says: "runs a main class of a class path",
        request: "POST /jobs?cp=demo,examples&mainClass=spark.jobserver.WordCountExample&context=jobs&sync=true",
        body: "input.string = a b",
        status: 200,
        answer: returned({ a: 1, b: 1 }),
      },
      {
        says: "finds both in the body",
        request: "POST /jobs?context=jobs&sync=true",
        body: 'cp = ["examples"], mainClass = spark.jobserver.WordCountExample, input.string = "a"',
        status: 200,
        answer: returned({ a: 1 }),
      },
      {
        says: "takes the query before the body, and a class path without brackets",
        request: "POST /jobs?context=jobs&sync=true&mainClass=NoOpJob",
        body: "cp = examples, mainClass = WordCountExample",
        status: 200,
        answer: returned(1),
      },
      {
        says: "leaves jars of the class path out",
        request: "POST /jobs?context=jobs&sync=true&cp=file:///tmp/a.jar,examples&mainClass=NoOpJob",
        status: 200,
        answer: returned(1),
      },
      {
        says: "looks into dependent binaries first",
        request: "POST /jobs?context=jobs&sync=true&appName=demo&classPath=NoOpJob",
        body: 'dependent-jar-uris = ["examples", "http://example.com/a.jar"]',
        status: 200,
        answer: returned(1),
      },
      {
        says: "needs a class with the binary",
        request: "POST /jobs?appName=examples",
        status: 400,
        answer: error("Cannot parse config: classPath parameter is missing!"),
      },
      {
        says: "needs a main class with a class path",
        request: "POST /jobs?cp=examples&classPath=NoOpJob",
        status: 400,
        answer: error("Cannot parse config: mainClass parameter is missing!"),
      },
      {
        says: "needs one of the two",
        request: "POST /jobs",
        status: 400,
        answer: error("Cannot parse config: To start the job appName or cp parameters should be configured!"),
      },
      {
        says: "tells an unknown binary, before an unknown context",
        request: "POST /jobs?appName=none&classPath=Job&context=none",
        status: 404,
        answer: error("appName none not found"),
      },
      {
        says: "tells an unknown binary of a class path",
        request: "POST /jobs?cp=examples,none&mainClass=NoOpJob",
        status: 404,
        answer: error("appName none not found"),
      },
      {
        says: "tells an unknown context",
        request: `POST /jobs?${WORD_COUNT}&context=none`,
        status: 404,
        answer: error("context none not found"),
      },
      {
        says: "tells an unknown class, without its name as ever",
        request: "POST /jobs?appName=examples&classPath=spark.jobserver.None",
        status: 404,
        answer: error("classPath  not found"),
      },
      {
        says: "tells an unknown main class with its name",
        request: "POST /jobs?cp=examples&mainClass=spark.jobserver.None",
        status: 404,
        answer: error("classPath spark.jobserver.None not found"),
      },
      {
        says: "refuses a class path of a scheme that nothing loads",
        request: "POST /jobs?cp=hdfs:%2F%2F%2Fa.jar&mainClass=Job",
        status: 400,
        answer: {
          status: "JOB LOADING FAILED: Malformed URL",
          result: thrown("java.net.MalformedURLException", "unknown protocol: hdfs"),
        },
      },
      {
        says: "says what to do when a class path names no binary",
        request: "POST /jobs?cp=http:%2F%2Fexample.com%2Fa.jar&mainClass=Job",
        status: 400,
        answer: {
          status: "JOB LOADING FAILED",
          result: thrown("JobLoadingException", "cp names no uploaded binary: <text>"),
        },
      },
      {
        says: "runs an older version by its number",
        request: "POST /jobs?appName=demo@1&classPath=Job&context=jobs&sync=true",
        status: 200,
        answer: returned(1),
      },
      {
        says: "refuses a callback to anything but http",
        request: `POST /jobs?${WORD_COUNT}&callbackUrl=ftp:%2F%2Fexample.com`,
        body: "input.string = a",
        status: 500,
        answer: {
          status: "ERROR",
          result: thrown("java.lang.IllegalArgumentException", "Callback Url has to be 'http'/'https'"),
        },
      },
    ],
  },
  {
    title: "POST /jobs, config",
    pairs: [
      {
        says: "tells a body that is no HOCON",
        request: `POST /jobs?${WORD_COUNT}`,
        body: "Not parseable jobConfig!!",
        status: 400,
        answer: error("Cannot parse config: String: 1: <text>"),
      },
      {
        says: "tells a substitution that nothing resolves",
        request: `POST /jobs?${WORD_COUNT}`,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a substitution of HOCON.
        body: "input.string = ${nothing.of.that.name}",
        status: 400,
        answer: error("Cannot parse config: String: 1: <text>"),
      },
      {
        says: "reads no file of the server",
        request: `POST /jobs?${WORD_COUNT}`,
        body: 'include "/etc/passwd"',
        status: 400,
        answer: error("Cannot parse config: String: 1: <text>"),
      },
      {
        says: "reads no environment of the server",
        request: "POST /jobs?appName=values&classPath=Echo&context=jobs&sync=true",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a substitution of HOCON.
        body: "a = 1, b = ${?PATH}",
        status: 200,
        answer: returned({ server: { says: "hello", port: 1 }, a: 1 }),
      },
      {
        says: "merges the server's config beneath the job's, and resolves against both",
        request: "POST /jobs?appName=values&classPath=Echo&context=jobs&sync=true",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a substitution of HOCON.
        body: "mine = ${server.says} you, server.port = 2",
        status: 200,
        answer: returned({ server: { says: "hello", port: 2 }, mine: "hello you" }),
      },
      {
        says: "shows jobs the merged config",
        request: "POST /jobs?appName=examples&classPath=spark.jobserver.ConfigCheckerJob&context=jobs&sync=true",
        body: "foo.baz = booboo, spark.master=overriden",
        status: 200,
        answer: returned(["server", "foo", "spark"]),
      },
      {
        says: "knows comments, multi-line texts, lists, appending, units as texts and the last of two",
        request: "POST /jobs?appName=values&classPath=Echo&context=jobs&sync=true",
        body: '# a\nserver = null // b\nlist = [1,\n2]\nlist += 3\ntext = """two\nlines"""\nsize = 512m\nwait: 10 s\nx = 1\nx = 2',
        status: 200,
        answer: returned({ server: null, list: [1, 2, 3], text: "two\nlines", size: "512m", wait: "10 s", x: 2 }),
      },
      {
        says: "takes JSON, where a key with a dot is one key",
        request: "POST /jobs?appName=values&classPath=Echo&context=jobs&sync=true",
        headers: { "content-type": "application/json" },
        body: '{"server": null, "input.string": "a b", "input": {"string": "c"}}',
        status: 200,
        answer: returned({ server: null, "input.string": "a b", input: { string: "c" } }),
      },
      {
        says: "takes single quotes for what they are",
        request:
          "POST /jobs?cp=examples&mainClass=example_jobs.word_count.WordCountSparkSessionJob&context=jobs&sync=true",
        body: "input.strings = ['a','b','a']",
        status: 200,
        answer: returned({ "'a'": 2, "'b'": 1 }),
      },
      {
        says: "decodes nothing of what looks like a form",
        request: "POST /jobs?appName=values&classPath=Echo&context=jobs&sync=true",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: "server=null,test_config=a%20b",
        status: 200,
        answer: returned({ server: null, test_config: "a%20b" }),
      },
      {
        says: "takes a body of blanks for none",
        request: "POST /jobs?appName=examples&classPath=NoOpJob&context=jobs&sync=true",
        body: "  \n ",
        status: 200,
        answer: returned(1),
      },
    ],
  },
  {
    title: "POST /jobs, validation",
    pairs: [
      {
        says: "tells what validate found",
        request: `POST /jobs?${WORD_COUNT}&context=jobs&sync=true`,
        body: "bad.input = abc",
        status: 400,
        answer: invalid("One(SparkJobInvalid(No input.string config param))"),
        keep: keepId("refused"),
      },
      {
        says: "tells it before 202 too",
        request: `POST /jobs?${WORD_COUNT}&context=jobs`,
        body: "bad.input = abc",
        status: 400,
        answer: invalid("One(SparkJobInvalid(No input.string config param))"),
      },
      {
        says: "and of a job that has no context yet",
        request: `POST /jobs?${WORD_COUNT}`,
        status: 400,
        answer: invalid("One(SparkJobInvalid(No input.string config param))"),
      },
      {
        says: "tells it in the words of the newer API",
        request: "POST /jobs?cp=examples&mainClass=spark.jobserver.WordCountExampleNewApi&context=jobs",
        status: 400,
        answer: invalid("One(SingleProblem(No input.string param))"),
      },
      {
        says: "joins several problems",
        request: "POST /jobs?appName=values&classPath=Picky&context=jobs",
        status: 400,
        answer: invalid("Many(SparkJobInvalid(first problem), SparkJobInvalid(second problem))"),
      },
      {
        says: "keeps the refused job, in error",
        request: "GET /jobs/<refused>",
        status: 200,
        answer: report({
          classPath: "spark.jobserver.WordCountExample",
          result: thrown("java.lang.Throwable", "One(SparkJobInvalid(No input.string config param))"),
          status: "ERROR",
          jobId: "<refused>",
        }),
      },
      {
        says: "needs a program that fails when it is loaded",
        request: "POST /jars/unloadable",
        body: 'export const Job = () => 1; throw new Error("not today");',
        status: 200,
        answer: success("Jar uploaded"),
      },
      {
        says: "tells that it could not be loaded",
        request: "POST /jobs?appName=unloadable&classPath=Job&context=jobs&sync=true",
        status: 400,
        answer: { status: "JOB LOADING FAILED", result: thrown("Error", "<text>not today"), jobId: "<uuid>" },
      },
      {
        says: "tells a validate that threw as a job that failed, with 200",
        request: "POST /jobs?appName=values&classPath=ThrowsInValidate&context=jobs",
        status: 200,
        answer: { jobId: "<uuid>", status: "ERROR", result: thrown("RangeError", "validate broke") },
      },
    ],
  },
  {
    title: "POST /jobs, without waiting",
    pairs: [
      {
        says: "reports a job that was started",
        request: `POST /jobs?${WORD_COUNT}&context=jobs`,
        body: "input.string = a b c a b see",
        status: 202,
        answer: started("spark.jobserver.WordCountExample"),
        keep: keepId("counted"),
      },
      {
        says: "has its result under its id",
        request: "GET /jobs/<counted>",
        status: 200,
        answer: report({
          classPath: "spark.jobserver.WordCountExample",
          result: { a: 2, b: 2, c: 1, see: 1 },
          status: "FINISHED",
          jobId: "<counted>",
        }),
        eventually: true,
      },
      {
        says: "makes a context for a job that names none",
        request: `POST /jobs?${WORD_COUNT}`,
        body: "input.string = a",
        status: 202,
        answer: started("spark.jobserver.WordCountExample", "<hex8>-spark.jobserver.WordCountExample"),
      },
      {
        says: "which vanishes with the job",
        request: "GET /contexts",
        status: 200,
        answer: ["jobs", "standing"],
        eventually: true,
      },
      {
        says: "gives that context the settings in the job's config",
        request: "POST /jobs?appName=values&classPath=Settings&sync=true&spark.proxy.user=ann",
        body: "spark.context-settings { mine = 1, num-cpu-cores = 1 }",
        status: 200,
        answer: returned({ everywhere: "yes", spark: { proxy: { user: "ann" } }, mine: 1 }),
      },
      {
        says: "leaves a context that is there as it is",
        request: "POST /jobs?appName=values&classPath=Settings&context=jobs&sync=true",
        body: "spark.context-settings { mine = 1 }",
        status: 200,
        answer: returned({ everywhere: "yes" }),
      },
      {
        says: "tells that no node has room for a context of its own",
        request: "POST /jobs?appName=examples&classPath=NoOpJob",
        body: "spark.context-settings.memory-per-node = 900G",
        status: 500,
        answer: { status: "CONTEXT INIT FAILED", result: thrown("NO_ROOM", "Cannot place the context: <text>") },
      },
    ],
  },
  {
    title: "POST /jobs, waiting",
    pairs: [
      {
        says: "tells a job that threw with 200",
        request: "POST /jobs?appName=examples&classPath=spark.jobserver.MyErrorJob&context=jobs&sync=true",
        status: 200,
        answer: { jobId: "<uuid>", status: "ERROR", result: thrown("IllegalArgumentException", "Foobar") },
      },
      {
        says: "survives what would end a JVM",
        request: "POST /jobs?appName=examples&classPath=spark.jobserver.MyFatalErrorJob&context=jobs&sync=true",
        status: 200,
        answer: { jobId: "<uuid>", status: "ERROR", result: thrown("OutOfMemoryError", "this is a fatal error") },
      },
      {
        says: "tells the id of a job that takes longer than its caller waits",
        request: "POST /jobs?appName=values&classPath=Slow&context=jobs&sync=true&timeout=1",
        status: 500,
        answer: {
          status: "ERROR",
          result: thrown(
            "akka.pattern.AskTimeoutException",
            "Ask timed out on [Actor[<text>]] after [1000 ms]. <text>",
          ),
          jobId: "<uuid>",
        },
        keep: keepId("late"),
      },
      {
        says: "goes on with that job",
        request: "GET /jobs/<late>",
        status: 200,
        answer: report({ duration: "Job not done yet", classPath: "Slow", status: "RUNNING", jobId: "<late>" }),
      },
      { says: "until it is killed", request: "DELETE /jobs/<late>", status: 200, answer: { status: "KILLED" } },
      {
        says: "tells a request that takes longer than any may, whatever its own timeout",
        request: "POST /jobs?appName=values&classPath=Slow&context=jobs&sync=true&timeout=1000",
        status: 500,
        answer: {
          status: "ERROR",
          result: "Request timed out. Try using the /jobs/<jobID>, /jobs APIs to get status/results",
          jobId: "<uuid>",
        },
        keep: keepId("endless"),
      },
      {
        says: "whose job is killed as well",
        request: "DELETE /jobs/<endless>",
        status: 200,
        answer: { status: "KILLED" },
      },
      {
        says: "refuses a flag that is none",
        request: `POST /jobs?${WORD_COUNT}&sync=maybe`,
        status: 400,
        answer: "The query parameter 'sync' was malformed:\n'maybe' is not a valid Boolean value",
      },
      {
        says: "refuses a timeout that is none",
        request: `POST /jobs?${WORD_COUNT}&timeout=soon`,
        status: 400,
        answer: "The query parameter 'timeout' was malformed:\n'soon' is not a valid 32-bit signed integer value",
      },
      {
        says: "takes yes, on and 1 for true",
        request: "POST /jobs?appName=examples&classPath=NoOpJob&context=jobs&sync=On",
        status: 200,
        answer: returned(1),
      },
    ],
  },
  {
    title: "POST /jobs, slots",
    pairs: [
      {
        says: "has one slot",
        request: "POST /contexts/narrow?max-jobs-per-context=1",
        status: 200,
        answer: success("Context initialized"),
      },
      {
        says: "takes the slot",
        request: "POST /jobs?appName=values&classPath=Slow&context=narrow",
        status: 202,
        answer: started("Slow", "narrow"),
        keep: keepId("holder"),
      },
      {
        says: "refuses another job",
        request: "POST /jobs?appName=examples&classPath=NoOpJob&context=narrow",
        status: 503,
        answer: { status: "NO SLOTS AVAILABLE", result: "Too many running jobs (1) for job context 'narrow'" },
      },
      {
        says: "refuses a synchronous one too",
        request: "POST /jobs?appName=examples&classPath=NoOpJob&context=narrow&sync=true",
        status: 503,
        answer: { status: "NO SLOTS AVAILABLE", result: "Too many running jobs (1) for job context 'narrow'" },
      },
      {
        says: "lets one wait that asks for it",
        request: "POST /jobs?appName=examples&classPath=NoOpJob&context=narrow&queue=true",
        status: 202,
        answer: started("NoOpJob", "narrow"),
        keep: keepId("waiting"),
      },
      {
        says: "says that it runs",
        request: "GET /jobs/<waiting>",
        status: 200,
        answer: report({
          duration: "Job not done yet",
          classPath: "NoOpJob",
          context: "narrow",
          status: "RUNNING",
          jobId: "<waiting>",
        }),
      },
      {
        says: "frees the slot with the kill",
        request: "DELETE /jobs/<holder>",
        status: 200,
        answer: { status: "KILLED" },
      },
      {
        says: "ran the one that waited",
        request: "GET /jobs/<waiting>",
        status: 200,
        answer: report({ classPath: "NoOpJob", context: "narrow", result: 1, status: "FINISHED", jobId: "<waiting>" }),
        eventually: true,
      },
      { says: "stops", request: "DELETE /contexts/narrow", status: 200, answer: success("Context stopped") },
      {
        says: "takes no more jobs",
        request: "POST /jobs?appName=examples&classPath=NoOpJob&context=narrow",
        status: 404,
        answer: error("context narrow not found"),
      },
    ],
  },
];
