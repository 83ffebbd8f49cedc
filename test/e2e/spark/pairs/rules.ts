import { error, type Group, success } from "../pair.ts";

const TEXT = { "content-type": "text/plain; charset=UTF-8" };
const NOT_FOUND = "The requested resource could not be found.";
const ORIGIN = { origin: "https://page.example" };

export const RULES: readonly Group[] = [
  {
    title: "Paths and methods without a route",
    pairs: [
      { says: "are not found", request: "POST /jobs/some-id", status: 404, answerHeaders: TEXT, answer: NOT_FOUND },
      { says: "nor without a name", request: "POST /binaries", status: 404, answer: NOT_FOUND },
      { says: "nor with an empty one", request: "POST /contexts/", status: 404, answer: NOT_FOUND },
      { says: "nor of data without one", request: "DELETE /data", status: 404, answer: NOT_FOUND },
      { says: "nor of a job without one", request: "DELETE /jobs", status: 404, answer: NOT_FOUND },
      { says: "nor with two", request: "DELETE /contexts/a/b", status: 404, answer: NOT_FOUND },
      {
        says: "or not allowed",
        request: "PUT /jobs",
        status: 405,
        answerHeaders: { ...TEXT, allow: "GET, DELETE, POST" },
        answer: "HTTP method not allowed, supported methods: GET, DELETE, POST",
      },
      {
        says: "as below /binaries",
        request: "PATCH /binaries/demo",
        status: 405,
        answer: "HTTP method not allowed, supported methods: GET, POST, DELETE",
      },
      {
        says: "as of /healthz",
        request: "POST /healthz",
        status: 405,
        answer: "HTTP method not allowed, supported methods: GET",
      },
      {
        says: "as of /statusz, where spark-jobserver has a file if somebody made one",
        request: "GET /statusz",
        status: 404,
        answerHeaders: TEXT,
        answer: NOT_FOUND,
      },
      {
        says: "and elsewhere told as the modern API tells it",
        request: "GET /elsewhere",
        status: 404,
        answerHeaders: { "content-type": "application/json" },
        answer: '{"code":"not_found",<rest>',
      },
    ],
  },
  {
    title: "Lists look at their prefix only",
    pairs: [
      { says: "with a slash", request: "GET /contexts/", status: 200, answer: ["jobs", "standing"] },
      { says: "with a path", request: "GET /contexts/a/b", status: 200, answer: ["jobs", "standing"] },
      { says: "of jobs", request: "GET /jobs/?limit=0", status: 200, answer: [] },
      { says: "of jobs below a job", request: "GET /jobs/a/b/c?limit=0", status: 200, answer: [] },
      { says: "of binaries", request: "GET /binaries/a/b", status: 200, answer: '{"demo":<rest>' },
      { says: "of jars", request: "GET /jars/a", status: 200, answer: '{"demo":<rest>' },
    ],
  },
  {
    title: "?_method=",
    pairs: [
      {
        says: "needs a context",
        request: "POST /contexts/hidden",
        status: 200,
        answer: success("Context initialized"),
      },
      {
        says: "stands above the method",
        request: "POST /contexts/hidden?_method=DELETE",
        status: 200,
        answer: success("Context stopped"),
      },
      {
        says: "in any case",
        request: "GET /contexts?reset=all&_method=put",
        status: 400,
        answer: error("ERROR"),
      },
      {
        says: "and is no setting of a context",
        request: "GET /contexts/9?_method=POST",
        status: 400,
        answer: error("context name must start with letters"),
      },
      {
        says: "also when the method is that of a change, and what is wanted is to read",
        request: "DELETE /contexts/standing?_method=GET",
        status: 200,
        answer: { name: "standing", startTime: "<utc>", state: "RUNNING", endTime: "Empty", id: "<uuid>" },
      },
      { says: "unless it is none", request: "GET /data?_method=BREW", status: 200, answer: [] },
    ],
  },
  {
    title: "Percent-encoding",
    pairs: [
      {
        says: "is decoded in paths",
        request: "GET /contexts/st%61nding",
        status: 200,
        answer: { name: "standing", startTime: "<utc>", state: "RUNNING", endTime: "Empty", id: "<uuid>" },
      },
      { says: "also beyond ASCII", request: "GET /jobs/%C3%A9", status: 404, answer: error("No such job ID é") },
      {
        says: "has to be well-formed",
        request: "GET /jobs/%zz",
        status: 400,
        answerHeaders: TEXT,
        answer: "Illegal request-target: its percent-encoding is malformed",
      },
      {
        says: "and UTF-8",
        request: "GET /jobs/%ff",
        status: 400,
        answer: "Illegal request-target: its percent-encoding is malformed",
      },
    ],
  },
  {
    title: "Pages of other origins",
    pairs: [
      {
        says: "are allowed what they ask for",
        request: "GET /data",
        headers: ORIGIN,
        status: 200,
        answerHeaders: {
          "access-control-allow-origin": "https://page.example",
          "access-control-allow-credentials": "true",
        },
        answer: [],
      },
      {
        says: "are told errors",
        request: "GET /jobs/none",
        headers: ORIGIN,
        status: 404,
        answerHeaders: { "access-control-allow-origin": "https://page.example" },
        answer: error("No such job ID none"),
      },
      {
        says: "are the only ones to be told so",
        request: "GET /data",
        status: 200,
        answerHeaders: { "access-control-allow-origin": undefined },
        answer: [],
      },
      {
        says: "may ask beforehand",
        request: "OPTIONS /jobs",
        headers: {
          ...ORIGIN,
          "access-control-request-method": "POST",
          "access-control-request-headers": "content-type, x-mine",
        },
        status: 200,
        answerHeaders: {
          "access-control-allow-origin": "https://page.example",
          "access-control-allow-methods": "GET, POST, HEAD, OPTIONS",
          "access-control-allow-headers": "content-type, x-mine",
          "access-control-allow-credentials": "true",
          "access-control-max-age": "1800",
        },
        answer: "",
      },
      {
        says: "may not delete, but by ?_method=",
        request: "OPTIONS /jobs/some-id",
        headers: { ...ORIGIN, "access-control-request-method": "DELETE" },
        status: 400,
        answer: "CORS: invalid method 'DELETE'",
      },
      {
        says: "ask in vain with OPTIONS alone",
        request: "OPTIONS /jobs",
        headers: ORIGIN,
        status: 405,
        answer: "HTTP method not allowed, supported methods: GET, DELETE, POST",
      },
    ],
  },
  {
    title: "HEAD",
    pairs: [{ says: "is GET without the body", request: "HEAD /contexts", status: 200, answer: "" }],
  },
];

export const HEALTH: readonly Group[] = [
  {
    title: "Health and metrics",
    pairs: [
      { says: "tells that all is well", request: "GET /healthz", status: 200, answer: success() },
      {
        says: "measures requests, as spark-jobserver names them",
        request: "GET /metricz",
        status: 200,
        answerHeaders: { "content-type": "application/json" },
        answer: `{\n  "spark.jobserver.WebApi": {\n    "binary-get-single-duration": {\n      "type": "timer",<rest>`,
      },
      {
        says: "counts failures of the server",
        request: "GET /metricz",
        status: 200,
        answer: `<rest>"internal-server-error-status-code": {\n      "type": "counter",\n      "count": <number>\n    }\n  }\n}`,
      },
      {
        says: "speaks Prometheus",
        request: "GET /metrics",
        status: 200,
        answerHeaders: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
        answer: "# HELP process_cpu_seconds_total <rest>",
      },
      {
        says: "tells Prometheus of the node",
        request: "GET /metrics",
        status: 200,
        answer: "<rest>\nhearth_nodes 1\n<rest>",
      },
      {
        says: "and of jobs that ended",
        request: "GET /metrics",
        status: 200,
        answer: '<rest>\nhearth_jobs_ended_total{state="SUCCEEDED"} <number>\n<rest>',
      },
    ],
  },
];
