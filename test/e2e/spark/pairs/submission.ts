import { error, type Group, success } from "../pair.ts";
import { keepId, report, returned, started, thrown } from "./reports.ts";

const WORD_COUNT = "appName=examples&classPath=spark.jobserver.WordCountExample";

export const SUBMISSION: readonly Group[] = [
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
        says: "puts the proxy user before the name of that context",
        request: "POST /jobs?appName=values&classPath=Slow&spark.proxy.user=a~b",
        status: 202,
        answer: started("Slow", "a~~b~<hex8>-Slow"),
        keep: { ...keepId("proxied"), hers: /"context":"([^"]+)"/ },
      },
      {
        says: "lists it like others",
        request: "GET /contexts",
        status: 200,
        answer: ["<hers>", "jobs", "standing"],
        eventually: true,
      },
      {
        says: "until the job is killed",
        request: "DELETE /jobs/<proxied>",
        status: 200,
        answer: { status: "KILLED" },
      },
      {
        says: "gives that context the settings in the job's config",
        request: "POST /jobs?appName=values&classPath=Settings&sync=true&spark.proxy.user=ann",
        body: "spark.context-settings { mine = 1, num-cpu-cores = 1 }",
        status: 200,
        answer: returned({ everywhere: "yes", spark: { proxy: { user: "ann" } }, mine: 1, "num-cpu-cores": 1 }),
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
      ...["FALSE", "no", "Off", "0"].map((flag) => ({
        says: `takes ${flag} for false`,
        request: `POST /jobs?appName=examples&classPath=NoOpJob&context=jobs&sync=${flag}`,
        status: 202,
        answer: started("NoOpJob"),
      })),
      ...["true", "yes", "1"].map((flag) => ({
        says: `takes ${flag} for true`,
        request: `POST /jobs?appName=examples&classPath=NoOpJob&context=jobs&sync=${flag}`,
        status: 200,
        answer: returned(1),
      })),
      {
        says: "takes On for true",
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
