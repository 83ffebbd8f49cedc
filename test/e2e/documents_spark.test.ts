import { testPages } from "../spark_pages.ts";

testPages([["docs/spark.md", "sh"]]);
