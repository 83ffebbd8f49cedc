import { error, type Group, success } from "../pair.ts";

export const CONTEXT_LIFECYCLE: readonly Group[] = [
  {
    title: "POST /contexts/<name>/restart",
    pairs: [
      {
        says: "gives a context a new process",
        request: "POST /contexts/test-context/restart",
        status: 200,
        answer: success("Context restarted"),
      },
      {
        says: "with the settings that it is told",
        request: "POST /contexts/test-context/restart?memory-per-node=200m",
        body: "spark.context-settings { num-cpu-cores = 3 }",
        status: 200,
        answer: success("Context restarted"),
      },
      {
        says: "refuses settings that cannot be",
        request: "POST /contexts/test-context/restart?memory-per-node=1k",
        status: 400,
        answer: error(
          "Cannot accept the request: settings.memory_bytes: must be greater than or equal to 33554432 and less than or equal to 1099511627776, got 1024",
        ),
      },
      {
        says: "refuses a body that is no HOCON",
        request: "POST /contexts/test-context/restart",
        body: "bad!!{",
        status: 400,
        answer: error("Cannot parse config: String: <text>"),
      },
      {
        says: "tells that there is none",
        request: "POST /contexts/none/restart",
        status: 404,
        answer: error("context none not found"),
      },
    ],
  },
  {
    title: "DELETE /contexts/<name>",
    pairs: [
      {
        says: "stops it",
        request: "DELETE /contexts/test-context",
        status: 200,
        answer: success("Context stopped"),
      },
      {
        says: "tells that it is not there any more",
        request: "DELETE /contexts/test-context",
        status: 404,
        answer: error("context test-context not found"),
      },
      {
        says: "tells the state of one that is over",
        request: "GET /contexts/test-context",
        status: 200,
        answer: { name: "test-context", startTime: "<utc>", state: "FINISHED", endTime: "<utc>", id: "<uuid>" },
      },
      {
        says: "refuses a flag that is none",
        request: "DELETE /contexts/settled?force=perhaps",
        status: 400,
        answer: "The query parameter 'force' was malformed:\n'perhaps' is not a valid Boolean value",
      },
      {
        says: "ends jobs by force",
        request: "DELETE /contexts/settled?force=YES",
        status: 200,
        answer: success("Context stopped"),
      },
      {
        says: "gives the name free",
        request: "POST /contexts/test-context",
        status: 200,
        answer: success("Context initialized"),
      },
    ],
  },
  {
    title: "PUT /contexts?reset=reboot",
    pairs: [
      {
        says: "stops all, and creates those of the configuration again",
        request: "PUT /contexts?reset=reboot",
        status: 200,
        answer: success("Context reset"),
      },
      { says: "left no other", request: "GET /contexts", status: 200, answer: ["standing"] },
      {
        says: "needs to be told what to do",
        request: "PUT /contexts",
        status: 404,
        answerHeaders: { "content-type": "text/plain; charset=UTF-8" },
        answer: "Request is missing required query parameter 'reset'",
      },
      { says: "knows reboot only", request: "PUT /contexts?reset=all", status: 400, answer: error("ERROR") },
      {
        says: "does not look at what follows the prefix, and does not wait when told so",
        request: "PUT /contexts/any?reset=reboot&sync=false",
        status: 200,
        answer: success("Context reset requested"),
      },
      { says: "stopped all", request: "GET /contexts", status: 200, answer: [], eventually: true },
      {
        says: "creates those of the configuration once more",
        request: "PUT /contexts?reset=reboot&sync=true",
        status: 200,
        answer: success("Context reset"),
      },
      { says: "has them", request: "GET /contexts", status: 200, answer: ["standing"] },
    ],
  },
];
