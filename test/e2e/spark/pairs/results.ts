import type { Group, Pair } from "../pair.ts";
import { keepId, report, returned, started, thrown } from "./reports.ts";

function answers(classPath: string, result: unknown, says: string): Pair {
  const request = `POST /jobs?appName=values&classPath=${classPath}&context=jobs&sync=true`;
  return { says, request, status: 200, answer: returned(result) };
}

function example(name: string, result: unknown, says: string, body = ""): Pair {
  const request = `POST /jobs?appName=examples&classPath=spark.jobserver.${name}&context=jobs&sync=true`;
  return { says, request, body, status: 200, answer: returned(result) };
}

/** A job whose result cannot be told. */
function fails(classPath: string, says: string): Pair {
  const request = `POST /jobs?appName=values&classPath=${classPath}&context=jobs&sync=true`;
  return {
    says,
    request,
    status: 200,
    answer: { jobId: "<uuid>", status: "ERROR", result: thrown("TypeError", "<text>") },
  };
}

export const RESULTS: readonly Group[] = [
  {
    title: "Results",
    pairs: [
      answers("Nested", { first: [1, 2, ["a", "b"]], second: { K: { one: 1 } } }, "are JSON as it is"),
      {
        says: "write large integers as numbers while those are exact, and as texts beyond",
        request: "POST /jobs?appName=values&classPath=Bigints&context=jobs&sync=true",
        status: 200,
        answer: '{"jobId":"<uuid>","result":[9007199254740991,"9007199254740993"]}',
      },
      answers("Dates", "2016-07-04T09:09:57.928Z", "write dates as ISO texts"),
      answers("Maps", { a: { b: 1 } }, "write maps as objects"),
      answers("Sets", [1, 2], "write sets as lists"),
      answers("Bytes", "AQID", "write bytes as base64"),
      answers("Buffered", "AQID", "also those of a buffer"),
      answers("Words", [1, 2, 65535], "write other typed arrays as lists"),
      answers("NotANumber", null, "also when it is all that there is"),
      answers("Text", "é", "write texts as they are"),
      answers("NotNumbers", [null, null, 1], "write what is not a finite number as null"),
      answers("Null", null, "know null"),
      fails("Cycle", "cannot be values that hold themselves"),
      fails("Functions", "nor functions"),
      {
        says: "are null when a job returns nothing and its caller waits",
        request: "POST /jobs?appName=values&classPath=Nothing&context=jobs&sync=true",
        status: 200,
        answer: returned(null),
        keep: keepId("nothing"),
      },
      {
        says: "and are left out of the report",
        request: "GET /jobs/<nothing>",
        status: 200,
        answer: report({ classPath: "Nothing", status: "FINISHED", jobId: "<nothing>" }),
      },
    ],
  },
  {
    title: "spark-jobserver's example jobs",
    pairs: [
      {
        says: "throw darts",
        request: "POST /jobs?appName=examples&classPath=spark.jobserver.LongPiJob&context=jobs&sync=true",
        body: "stress.test.longpijob.duration = 1",
        status: 200,
        answer: '{"jobId":"<uuid>","result":<number>}',
      },
      example("WordCountExampleNewApi", { a: 2, b: 1 }, "count words, in the newer API", "input.string = a b a"),
      {
        says: "count words as the Python example does",
        request:
          "POST /jobs?appName=examples&classPath=example_jobs.word_count.WordCountSparkJob&context=jobs&sync=true",
        body: 'input.strings = ["a", "b", "a"]',
        status: 200,
        answer: returned({ a: 2, b: 1 }),
      },
      {
        says: "and refuse as it does",
        request:
          "POST /jobs?appName=examples&classPath=example_jobs.word_count.WordCountSparkJob&context=jobs&sync=true",
        status: 400,
        answer: {
          status: "VALIDATION FAILED",
          result: thrown("java.lang.Throwable", "One(SparkJobInvalid(config input.strings not found))"),
          jobId: "<uuid>",
        },
      },
      {
        says: "stream",
        request: "POST /jobs?appName=examples&classPath=spark.jobserver.StreamingTestJob&context=jobs",
        status: 202,
        answer: started("spark.jobserver.StreamingTestJob"),
        keep: keepId("streaming"),
      },
      { says: "until they are killed", request: "DELETE /jobs/<streaming>", status: 200, answer: { status: "KILLED" } },
      example("VeryShortDoubleJob", [2, 4, 6], "double three numbers"),
      example("NoOpJob", 1, "do nothing"),
      example("SleepJob", 50, "sleep", "sleep.time.millis = 50"),
      example("CacheSomethingJob", 426, "cache a list"),
      example("AccessCacheJob", 426, "find it again"),
      example("CacheRddByNameJob", 55, "cache by name"),
      example("ZookeeperJob", [["horse"]], "list animals"),
      example("SimpleObjectJob", 6, "add up"),
      example("jobJarDependenciesJob", { EmptyClass: 3 }, "bring their dependencies"),
      example("JavaHelloWorldJob", "Hi!", "greet"),
    ],
  },
];
