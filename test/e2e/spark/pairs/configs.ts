import { error, type Group, success } from "../pair.ts";
import { keepId, report, returned, thrown } from "./reports.ts";

const WORD_COUNT = "appName=examples&classPath=spark.jobserver.WordCountExample";

function invalid(message: string): object {
  return { status: "VALIDATION FAILED", result: thrown("java.lang.Throwable", message), jobId: "<uuid>" };
}

export const CONFIGS: readonly Group[] = [
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
        says: "tells a validate that threw to a caller who waits",
        request: "POST /jobs?appName=values&classPath=ThrowsInValidate&context=jobs&sync=true",
        status: 200,
        answer: { jobId: "<uuid>", status: "ERROR", result: thrown("RangeError", "validate broke") },
      },
      {
        says: "tells a validate that threw as a job that failed, with 200",
        request: "POST /jobs?appName=values&classPath=ThrowsInValidate&context=jobs",
        status: 200,
        answer: { jobId: "<uuid>", status: "ERROR", result: thrown("RangeError", "validate broke") },
      },
    ],
  },
];
