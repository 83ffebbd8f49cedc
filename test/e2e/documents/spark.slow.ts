import { testPages } from "../../spark/pages.ts";

// `spark_jobs/readme.test.ts` covers the calls of the second page in every run.
testPages([
  ["examples/spark/README.md", "sh"],
  ["docs/migrating-from-spark-jobserver.md", "bash"],
]);
