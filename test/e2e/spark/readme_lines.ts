/** Lines as they stand in spark-jobserver's README; `localhost:8090` is where it listens. */
export const README_LINES = {
  upload: "curl --data-binary @job-server-tests/target/scala-2.10/job-server-tests-$VER.jar localhost:8090/jars/test",
  jars: "curl localhost:8090/jars/",
  binary:
    "curl -X POST localhost:8090/binaries/test -H 'Content-Type: application/java-archive' --data-binary @job-server-tests/target/scala-2.10/job-server-tests-$VER.jar",
  adHoc:
    'curl -d "input.string = a b c a b see" "localhost:8090/jobs?appName=test&classPath=spark.jobserver.WordCountExample"',
  job: "curl localhost:8090/jobs/$JOB",
  context: `curl -d "" "localhost:8090/contexts/test-context?num-cpu-cores=4&memory-per-node=512m"`,
  contexts: "curl localhost:8090/contexts",
  inContext:
    'curl -d "input.string = a b c a b see" "localhost:8090/jobs?appName=test&classPath=spark.jobserver.WordCountExample&context=test-context&sync=true"',
  jobs: "curl localhost:8090/jobs",
  invalid: `curl -i -d "bad.input=abc" "localhost:8090/jobs?appName=test&classPath=spark.jobserver.WordCountExample"`,
  override: 'curl -X POST "localhost:8090/contexts/test-context?_method=DELETE"',
  config: "curl localhost:8090/jobs/$JOB/config",
} as const;
