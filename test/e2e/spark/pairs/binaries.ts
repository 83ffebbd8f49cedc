import { zip } from "../../../../gateway/bundler/testing/uploads.ts";
import { error, type Group, success } from "../pair.ts";
import { packExamples } from "../programs.ts";

const TYPESCRIPT = { "content-type": "application/typescript" };
export const PROGRAM = "export const Job = () => 1;";
export const FORM = `--B\r\nContent-Disposition: form-data; name="file"; filename="job.ts"\r\n\r\n${PROGRAM}\r\n--B--\r\n`;
export const JAR = zip([{ name: "META-INF/MANIFEST.MF", content: "Manifest-Version: 1.0\n" }, { name: "a/B.class" }]);

const DAMAGED_JAR = zip([{ name: "META-INF/MANIFEST.MF" }, { name: "a/B.class", content: "x", checksum: 1 }]);

export const BINARIES: readonly Group[] = [
  {
    title: "GET /binaries/<app>",
    pairs: [
      {
        says: "tells that there is none",
        request: "GET /binaries/none",
        status: 404,
        answer: error("Can't find binary with name none"),
      },
      {
        says: "tells the same of a name that no binary can have",
        request: "GET /binaries/a%40b%40c",
        status: 404,
        answer: error("Can't find binary with name a@b@c"),
      },
    ],
  },
  {
    title: "POST /binaries/<app>",
    pairs: [
      {
        says: "stores a TypeScript file",
        request: "POST /binaries/demo",
        headers: TYPESCRIPT,
        body: PROGRAM,
        status: 201,
        answerHeaders: { "content-type": "application/json" },
        answer: success(),
      },
      ...["text/typescript", "application/javascript", "text/javascript", "text/javascript; charset=utf-8"].map(
        (type) => ({
          says: `stores a file of type ${type}`,
          request: "POST /binaries/typed",
          headers: { "content-type": type },
          body: `${PROGRAM} // ${type}`,
          status: 201,
          answer: success(),
        }),
      ),
      ...["application/gzip", "application/x-gzip", "application/octet-stream"].map((type) => ({
        says: `stores a tarball of type ${type}`,
        request: "POST /binaries/package",
        headers: { "content-type": type },
        body: packExamples(),
        status: 201,
        answer: success(),
      })),
      ...[
        "application/zip",
        "application/x-zip-compressed",
        "application/octet-stream",
        "application/java-archive",
      ].map((type) => ({
        says: `stores a zip archive of type ${type}`,
        request: "POST /binaries/package",
        headers: { "content-type": type },
        body: zip([{ name: "jobs/index.js", content: "exports.Job = () => 1;" }]),
        status: 201,
        answer: success(),
      })),
      {
        says: "stores the file of a form",
        request: "POST /binaries/package",
        headers: { "content-type": "multipart/form-data; boundary=B" },
        body: FORM,
        status: 201,
        answer: success(),
      },
      {
        says: "takes bytes without a content type for a tarball",
        request: "POST /binaries/package",
        body: packExamples(),
        status: 201,
        answer: success(),
      },
      {
        says: "stores a program of ours that an old client calls a jar",
        request: "POST /binaries/jar-client",
        headers: { "content-type": "application/java-archive" },
        body: PROGRAM,
        status: 201,
        answer: success(),
      },
      {
        says: "stores a jar",
        request: "POST /binaries/real-jar",
        headers: { "content-type": "application/java-archive" },
        body: JAR,
        status: 201,
        answer: success(),
      },
      {
        says: "and tells its type",
        request: "GET /binaries/real-jar",
        status: 200,
        answer: { "app-name": "real-jar", "binary-type": "Jar", "upload-time": "<utc>" },
      },
      {
        says: "and deletes it",
        request: "DELETE /binaries/real-jar",
        status: 200,
        answer: success(),
      },
      ...["not a jar\0", Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0xff)].map((body) => ({
        says: "refuses what is called a jar and is none",
        request: "POST /binaries/real-jar",
        headers: { "content-type": "application/java-archive" },
        body,
        status: 400,
        answer: error("Binary is not of the right format"),
      })),
      {
        says: "refuses a damaged jar",
        request: "POST /binaries/real-jar",
        headers: { "content-type": "application/java-archive" },
        body: DAMAGED_JAR,
        status: 400,
        answer: error("Binary is not of the right format: The jar is damaged: <text> differs from its checksum"),
      },
      ...["application/python-egg", "application/python-archive", "application/python-wheel"].map((type) => ({
        says: `refuses ${type}`,
        request: "POST /binaries/python",
        headers: { "content-type": type },
        body: Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0xff),
        status: 415,
        answer: error(`Unsupported binary type ${type}`),
      })),
      {
        says: "refuses what curl sends without a header",
        request: "POST /binaries/form",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: PROGRAM,
        status: 415,
        answer: error("Unsupported binary type application/x-www-form-urlencoded"),
      },
      {
        says: "refuses bytes without a content type that are no tarball",
        request: "POST /binaries/untyped",
        body: PROGRAM,
        status: 415,
        answer: error("Unsupported binary type application/octet-stream"),
      },
      {
        says: "refuses what is no program",
        request: "POST /binaries/bytes",
        headers: TYPESCRIPT,
        body: Uint8Array.of(1, 0, 2, 0xff, 0xfe),
        status: 400,
        answer: error("Binary is not of the right format"),
      },
      {
        says: "refuses nothing",
        request: "POST /binaries/nothing",
        headers: TYPESCRIPT,
        body: "",
        status: 400,
        answer: error("Binary is not of the right format"),
      },
      {
        says: "tells file, line and message of a program that does not bundle",
        request: "POST /binaries/broken",
        headers: TYPESCRIPT,
        body: "export const a = 1;\nexport const b = ;\n",
        status: 400,
        answer: error('Binary is not of the right format: main.ts:2:18: Unexpected ";"'),
      },
      {
        says: "refuses a program that reaches out of itself",
        request: "POST /binaries/thief",
        headers: TYPESCRIPT,
        body: 'export * from "/etc/passwd";',
        status: 400,
        answer: error("Binary is not of the right format: <text>"),
      },
      {
        says: "refuses a name that is none",
        request: "POST /binaries/a%2Fb",
        headers: TYPESCRIPT,
        body: PROGRAM,
        status: 400,
        answer: error("Cannot accept the request: <text>"),
      },
      {
        says: "refuses a body over the limit",
        request: "POST /binaries/large",
        headers: TYPESCRIPT,
        body: `// ${"x".repeat(1_000_000)}\n${PROGRAM}`,
        status: 413,
        answerHeaders: { "content-type": "text/plain; charset=UTF-8" },
        answer: "Request entity too large: it has more than 1000000 bytes.",
      },
    ],
  },
  {
    title: "GET /binaries",
    pairs: [
      {
        says: "tells one binary",
        request: "GET /binaries/demo",
        status: 200,
        answer: { "app-name": "demo", "binary-type": "TypeScript", "upload-time": "<utc>" },
      },
      {
        says: "tells the type of a tarball",
        request: "GET /binaries/package",
        status: 200,
        answer: { "app-name": "package", "binary-type": "Npm", "upload-time": "<utc>" },
      },
      {
        says: "tells all binaries with type and time, by name",
        request: "GET /binaries",
        status: 200,
        answerHeaders: { "content-type": "application/json" },
        answer: {
          demo: { "binary-type": "TypeScript", "upload-time": "<utc>" },
          examples: { "binary-type": "Npm", "upload-time": "<utc>" },
          "jar-client": { "binary-type": "TypeScript", "upload-time": "<utc>" },
          package: { "binary-type": "Npm", "upload-time": "<utc>" },
          typed: { "binary-type": "TypeScript", "upload-time": "<utc>" },
          values: { "binary-type": "TypeScript", "upload-time": "<utc>" },
        },
      },
    ],
  },
  {
    title: "DELETE /binaries/<app>",
    pairs: [
      { says: "deletes all versions of the name", request: "DELETE /binaries/typed", status: 200, answer: success() },
      {
        says: "tells that it is gone, in lower case",
        request: "DELETE /binaries/typed",
        status: 404,
        answer: error("can't find binary with name typed"),
      },
      {
        says: "refuses while a job uses it, and names the job",
        request: "POST /jobs?appName=values&classPath=Slow",
        status: 202,
        answer: { ...started("Slow"), context: "<hex8>-Slow" },
        keep: { user: /"jobId":"([^"]+)"/ },
      },
      {
        says: "refuses while that job runs",
        request: "DELETE /binaries/values",
        status: 403,
        answer: error("Binary is in use by job(s): <user>"),
      },
      { says: "kills that job", request: "DELETE /jobs/<user>", status: 200, answer: { status: "KILLED" } },
      { says: "deletes the last of ours", request: "DELETE /binaries/package", status: 200, answer: success() },
      { says: "and of a file", request: "DELETE /binaries/jar-client", status: 200, answer: success() },
    ],
  },
];

function started(classPath: string): object {
  return {
    duration: "Job not done yet",
    classPath,
    startTime: "<time>",
    context: "<text>",
    status: "STARTED",
    jobId: "<uuid>",
    contextId: "<uuid>",
  };
}
