import { testPages } from "../../spark/pages.ts";

testPages([["docs/spark.md", "sh"]]);
