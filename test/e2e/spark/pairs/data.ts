import { error, type Group, success } from "../pair.ts";
import { returned } from "./reports.ts";

export const DATA: readonly Group[] = [
  {
    title: "/data",
    pairs: [
      { says: "lists nothing at first", request: "GET /data", status: 200, answer: [] },
      {
        says: "stores a file, under its prefix and the time",
        request: "POST /data/words%20of%20x",
        body: "some text",
        status: 200,
        answerHeaders: { "content-type": "application/json" },
        answer: { result: { filename: "words of x-<stamp>.dat" } },
        keep: { file: /"filename":"([^"]+)"/ },
      },
      { says: "lists it", request: "GET /data", status: 200, answer: ["<file>"] },
      {
        says: "lets jobs read it",
        request: "POST /jobs?appName=values&classPath=ReadsFile&context=jobs&sync=true",
        body: 'file = "<file>"',
        status: 200,
        answer: returned("some text"),
      },
      {
        says: "lets the example job read it",
        request: "POST /jobs?appName=examples&classPath=RemoteDataFileJob&context=jobs&sync=true",
        body: 'testFile = "<file>"',
        status: 200,
        answer: returned("<file>"),
      },
      {
        says: "stores nothing outside",
        request: "POST /data/..%2F..%2Fetc%2Fpasswd",
        body: "x",
        status: 400,
        answer: error("Failed to store data file '../../etc/passwd'."),
      },
      {
        says: "nor under an absolute path",
        request: "POST /data/%2Fetc%2Fpasswd",
        body: "x",
        status: 400,
        answer: error("Failed to store data file '/etc/passwd'."),
      },
      {
        says: "nor under a name with NUL",
        request: "POST /data/a%00b",
        body: "x",
        status: 400,
        answer: error("Failed to store data file 'a\u0000b'."),
      },
      {
        says: "nor under one that is too long",
        request: `POST /data/${"a".repeat(600)}`,
        body: "x",
        status: 400,
        answer: error(`Failed to store data file '${"a".repeat(600)}'.`),
      },
      {
        says: "needs a prefix",
        request: "POST /data/",
        body: "x",
        status: 404,
        answer: "The requested resource could not be found.",
      },
      { says: "deletes", request: "DELETE /data/<file>", status: 200, answer: success("OK") },
      {
        says: "tells that there is none to delete",
        request: "DELETE /data/%2Ftmp%2Fnone.dat",
        status: 404,
        answer: error("Unable to delete data file '/tmp/none.dat'."),
      },
      {
        says: "stores in folders",
        request: "POST /data/dir%2Ffile",
        body: "x",
        status: 200,
        answer: { result: { filename: "dir/file-<stamp>.dat" } },
      },
      { says: "deletes all", request: "PUT /data?reset=reboot", status: 200, answer: success("Data reset") },
      { says: "has nothing left", request: "GET /data/anything/at/all", status: 200, answer: [] },
      {
        says: "deletes all without waiting",
        request: "PUT /data?reset=reboot&sync=false",
        status: 200,
        answer: success("Data reset requested"),
      },
      { says: "knows reboot only", request: "PUT /data?reset=now", status: 400, answer: error("ERROR") },
      {
        says: "needs to be told what to do",
        request: "PUT /data",
        status: 404,
        answer: "Request is missing required query parameter 'reset'",
      },
    ],
  },
];
