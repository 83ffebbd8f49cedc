import { error, type Group, success } from "../pair.ts";
import { packExamples } from "../programs.ts";
import { FORM, JAR, PROGRAM } from "./binaries.ts";

export const JARS: readonly Group[] = [
  {
    title: "/jars, as it was before 0.10",
    pairs: [
      {
        says: "stores bytes that curl calls a form",
        request: "POST /jars/demo",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: `${PROGRAM} // second`,
        status: 200,
        answer: success("Jar uploaded"),
      },
      {
        says: "stores a file without a content type",
        request: "POST /jars/demo",
        body: `${PROGRAM} // third`,
        status: 200,
        answer: success("Jar uploaded"),
      },
      {
        says: "keeps the older versions",
        request: "GET /v1/binaries/demo/versions",
        status: 200,
        answer: '{"binaries":[{"name":"demo","version":3,<rest>"version":2,<rest>"version":1,<rest>',
      },
      {
        says: "stores a tarball",
        request: "POST /jars/tarball",
        body: packExamples(),
        status: 200,
        answer: success("Jar uploaded"),
      },
      {
        says: "stores the file of a form",
        request: "POST /jars/tarball",
        headers: { "content-type": "multipart/form-data; boundary=B" },
        body: FORM,
        status: 200,
        answer: success("Jar uploaded"),
      },
      {
        says: "stores a jar",
        request: "POST /jars/bytes",
        body: JAR,
        status: 200,
        answer: success("Jar uploaded"),
      },
      {
        says: "that runs where a node has Spark only",
        request: "POST /jobs?appName=bytes&classPath=a.B&sync=true",
        status: 500,
        answer: {
          status: "CONTEXT INIT FAILED",
          result: {
            message: "Cannot place the context: no context node runs SPARK contexts (node <text>)",
            errorClass: "NO_NODE",
            stack: "<text>",
          },
        },
      },
      {
        says: "and is deleted like others",
        request: "DELETE /binaries/bytes",
        status: 200,
        answer: success(),
      },
      {
        says: "refuses what is neither",
        request: "POST /jars/bytes",
        body: Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0xff),
        status: 400,
        answer: error("Binary is not of the right format"),
      },
      {
        says: "tells where a program does not bundle",
        request: "POST /jars/broken",
        body: "export const = 1",
        status: 400,
        answer: error("Binary is not of the right format: main.ts:1:14: <text>"),
      },
      {
        says: "lists names with times",
        request: "GET /jars",
        status: 200,
        answer: { demo: "<time>", examples: "<time>", tarball: "<time>", values: "<time>" },
      },
      {
        says: "never could delete",
        request: "DELETE /jars/demo",
        status: 405,
        answer: "HTTP method not allowed, supported methods: GET, POST",
      },
    ],
  },
];
