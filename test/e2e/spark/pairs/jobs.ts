import { error, type Group } from "../pair.ts";
import { keepId, report, started, thrown } from "./reports.ts";

const KILLED = thrown("JobKilledException", "Job <text> killed");

export const JOBS: readonly Group[] = [
  {
    title: "GET /jobs/<id>",
    pairs: [
      {
        says: "tells that there is none",
        request: "GET /jobs/none",
        status: 404,
        answer: error("No such job ID none"),
      },
      {
        says: "reports a job that runs",
        request: "POST /jobs?appName=values&classPath=Slow&context=jobs",
        body: "ms = 60000",
        status: 202,
        answer: started("Slow"),
        keep: keepId("slow"),
      },
      {
        says: "says so",
        request: "GET /jobs/<slow>",
        status: 200,
        answer: report({ duration: "Job not done yet", classPath: "Slow", status: "RUNNING", jobId: "<slow>" }),
      },
      {
        says: "reports an error",
        request: "POST /jobs?appName=examples&classPath=MyErrorJob&context=jobs",
        status: 202,
        answer: started("MyErrorJob"),
        keep: keepId("failed"),
      },
      {
        says: "with message, class and stack",
        request: "GET /jobs/<failed>",
        status: 200,
        answer: report({
          classPath: "MyErrorJob",
          result: thrown("IllegalArgumentException", "Foobar"),
          status: "ERROR",
          jobId: "<failed>",
        }),
        eventually: true,
      },
    ],
  },
  {
    title: "GET /jobs/<id>/config",
    pairs: [
      {
        says: "renders what was posted and nothing of the server's",
        request: "GET /jobs/<slow>/config",
        status: 200,
        answerHeaders: { "content-type": "application/json" },
        answer: '{\n    "ms" : 60000\n}\n',
      },
      {
        says: "sorts keys and indents",
        request: "POST /jobs?appName=values&classPath=Echo&context=jobs&sync=true",
        body: "server = null, b.d = [1, two], b.c = x y, a = {}",
        status: 200,
        answer: { jobId: "<uuid>", result: { server: null, b: { d: [1, "two"], c: "x y" }, a: {} } },
        keep: keepId("configured"),
      },
      {
        says: "also of a synchronous job",
        request: "GET /jobs/<configured>/config",
        status: 200,
        answer:
          '{\n    "a" : {},\n    "b" : {\n        "c" : "x y",\n        "d" : [\n            1,\n            "two"\n        ]\n    },\n    "server" : null\n}\n',
      },
      { says: "renders an empty config", request: "GET /jobs/<failed>/config", status: 200, answer: "{}\n" },
      {
        says: "tells that there is none",
        request: "GET /jobs/none/config",
        status: 404,
        answer: error("No such job ID none"),
      },
    ],
  },
  {
    title: "DELETE /jobs/<id>",
    pairs: [
      { says: "kills", request: "DELETE /jobs/<slow>", status: 200, answer: { status: "KILLED" } },
      {
        says: "has stopped the job",
        request: "GET /jobs/<slow>",
        status: 200,
        answer: report({ classPath: "Slow", result: KILLED, status: "KILLED", jobId: "<slow>" }),
      },
      {
        says: "kills once only",
        request: "DELETE /jobs/<slow>",
        status: 404,
        answer: error("No running job with ID <slow>"),
      },
      {
        says: "does not kill what has finished",
        request: "DELETE /jobs/<configured>",
        status: 404,
        answer: error("No running job with ID <configured>"),
      },
      {
        says: "tells the error of what has failed, under a key of its own",
        request: "DELETE /jobs/<failed>",
        status: 200,
        answer: { status: "ERROR", ERROR: thrown("IllegalArgumentException", "Foobar") },
      },
      {
        says: "tells that there is none",
        request: "DELETE /jobs/none",
        status: 404,
        answer: error("No such job ID none"),
      },
      {
        says: "needs a job that will not stop",
        request: "POST /jobs?appName=values&classPath=Stubborn&context=jobs",
        status: 202,
        answer: started("Stubborn"),
        keep: keepId("stubborn"),
      },
      {
        says: "does not wait longer than it is told",
        request: "DELETE /jobs/<stubborn>?timeout=0",
        status: 500,
        answer: {
          status: "ERROR",
          result: thrown("akka.pattern.AskTimeoutException", "Ask timed out on [Actor[<text>]] after [0 ms]. <text>"),
          jobId: "<stubborn>",
        },
      },
      { says: "kills it by force", request: "DELETE /jobs/<stubborn>", status: 200, answer: { status: "KILLED" } },
    ],
  },
  {
    title: "GET /jobs",
    pairs: [
      {
        says: "lists the newest first, and no results of finished ones",
        request: "GET /jobs?limit=3",
        status: 200,
        answerHeaders: { "content-type": "application/json" },
        answer: [
          report({ classPath: "Stubborn", result: KILLED, status: "KILLED", jobId: "<stubborn>" }),
          report({ classPath: "Echo", status: "FINISHED", jobId: "<configured>" }),
          report({
            classPath: "MyErrorJob",
            result: thrown("IllegalArgumentException", "Foobar"),
            status: "ERROR",
            jobId: "<failed>",
          }),
        ],
      },
      {
        says: "lists those of a status, in any case",
        request: "GET /jobs?status=killed&limit=1",
        status: 200,
        answer: [report({ classPath: "Stubborn", result: KILLED, status: "KILLED", jobId: "<stubborn>" })],
      },
      {
        says: "lists those that failed or were refused",
        request: "GET /jobs?status=Error&limit=1",
        status: 200,
        answer: [
          report({
            classPath: "MyErrorJob",
            result: thrown("IllegalArgumentException", "Foobar"),
            status: "ERROR",
            jobId: "<failed>",
          }),
        ],
      },
      {
        says: "lists the finished",
        request: "GET /jobs?status=FINISHED&limit=1",
        status: 200,
        answer: [report({ classPath: "Echo", status: "FINISHED", jobId: "<configured>" })],
      },
      { says: "lists none that run", request: "GET /jobs?status=running", status: 200, answer: [] },
      { says: "lists none of a status that nothing has", request: "GET /jobs?status=queued", status: 200, answer: [] },
      { says: "lists none when none are wanted", request: "GET /jobs?limit=0", status: 200, answer: [] },
      { says: "nor fewer", request: "GET /jobs?limit=-1", status: 200, answer: [] },
      {
        says: "refuses a limit that is none",
        request: "GET /jobs?limit=abc",
        status: 400,
        answer: "The query parameter 'limit' was malformed:\n'abc' is not a valid 32-bit signed integer value",
      },
      {
        says: "refuses a limit that is too large",
        request: "GET /jobs?limit=2147483648",
        status: 400,
        answer: "The query parameter 'limit' was malformed:\n'2147483648' is not a valid 32-bit signed integer value",
      },
    ],
  },
];
