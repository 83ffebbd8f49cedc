import { error, type Group, success } from "../pair.ts";
import { returned, thrown } from "./reports.ts";

const WORD_COUNT = "appName=examples&classPath=spark.jobserver.WordCountExample";

/** The answer to a program that could not be fetched. */
function notLoaded(uri: string, why: string): object {
  return { status: "JOB LOADING FAILED", result: thrown("PROGRAM_NOT_LOADED", `Cannot load program "${uri}": ${why}`) };
}

export const PROGRAMS: readonly Group[] = [
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
        says: "follows no URI of a class path when a binary has the class",
        request:
          "POST /jobs?context=jobs&sync=true&cp=file:///tmp/a.jar,local:/b.jar,ftp://c/d.jar,examples&mainClass=NoOpJob",
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
        says: "takes the binary before a class path",
        request: "POST /jobs?appName=examples&classPath=NoOpJob&cp=none&mainClass=None&context=jobs&sync=true",
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
        says: "refuses an unknown class by its name",
        request: "POST /jobs?appName=examples&classPath=spark.jobserver.None",
        status: 404,
        answer: error("classPath spark.jobserver.None not found"),
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
        says: "tells an empty class path as one without the class",
        request: "POST /jobs?cp=&mainClass=Job",
        status: 404,
        answer: error("classPath Job not found"),
      },
      {
        says: "refuses a class path that is neither a text nor a list",
        request: "POST /jobs?mainClass=Job",
        body: "cp { a = 1 }",
        status: 400,
        answer: error("Cannot parse config: cp must be a list of texts"),
      },
      {
        says: "refuses a class path without end",
        request: `POST /jobs?mainClass=Job&cp=${"examples,".repeat(101)}`,
        status: 400,
        answer: error("Cannot parse config: cp has more than 100 elements"),
      },
      {
        says: "reads no file of the gateway that the configuration does not let it read",
        request: "POST /jobs?cp=file:%2F%2F%2Fetc%2Fpasswd&mainClass=Job",
        status: 400,
        answer: notLoaded(
          "file:///etc/passwd",
          "it is below none of the folders that gateway.spark.programs.folders names",
        ),
      },
      {
        says: "which local: means too",
        request: "POST /jobs?cp=local:%2Fetc%2Fpasswd&mainClass=Job",
        status: 400,
        answer: notLoaded(
          "local:/etc/passwd",
          "it is below none of the folders that gateway.spark.programs.folders names",
        ),
      },
      {
        says: "fetches nothing from inside",
        request: "POST /jobs?cp=http:%2F%2F127.0.0.1:1%2Fa.ts&mainClass=Job",
        status: 400,
        answer: notLoaded(
          "http://127.0.0.1:1/a.ts",
          "127.0.0.1 is not on the public internet, and gateway.spark.programs.allow does not allow it",
        ),
      },
      {
        says: "speaks no FTP",
        request: "POST /jobs?appName=demo&classPath=None",
        body: 'dependent-jar-uris = ["ftp://example.com/a.jar"]',
        status: 400,
        answer: notLoaded(
          "ftp://example.com/a.jar",
          "FTP is not spoken here; name it by https, or upload it to /binaries/<name>",
        ),
      },
      {
        says: "tells a URI that names another machine's file",
        request: "POST /jobs?cp=file:%2F%2Fhost%2Fa.jar&mainClass=Job",
        status: 400,
        answer: {
          status: "JOB LOADING FAILED: Malformed URL",
          result: thrown("java.net.MalformedURLException", "<text>"),
        },
      },
      {
        says: "tells a dependency of the context for the job, of a scheme that nothing loads",
        request: "POST /jobs?appName=demo&classPath=Job",
        body: 'spark.context-settings.dependent-jar-uris = ["s3://bucket/a.jar"]',
        status: 400,
        answer: {
          status: "JOB LOADING FAILED: Malformed URL",
          result: thrown("java.net.MalformedURLException", "unknown protocol: s3"),
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
];
