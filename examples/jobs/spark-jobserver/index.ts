/**
 * spark-jobserver's example jobs. A client that asks for `spark.jobserver.WordCountExample` gets the export `WordCountExample`:
 * the last part of a class name decides.
 *
 * ```sh
 * tar -czf examples.tgz -C examples/jobs spark-jobserver
 * curl --data-binary @examples.tgz localhost:8090/jars/test
 * ```
 */
export { AccessCacheJob, CacheRddByNameJob, CacheSomethingJob } from "./cache.ts";
export { ConfigCheckerJob } from "./config_checker.ts";
export { RemoteDataFileJob } from "./data_file.ts";
export { MyErrorJob, MyFatalErrorJob } from "./errors.ts";
export { LongPiJob } from "./long_pi.ts";
export { SleepJob, StreamingTestJob } from "./long_running.ts";
export {
  JavaHelloWorldJob,
  jobJarDependenciesJob,
  NoOpJob,
  SimpleObjectJob,
  VeryShortDoubleJob,
  ZookeeperJob,
} from "./short.ts";
export {
  WordCountExample,
  WordCountExampleNewApi,
  WordCountSparkJob,
  WordCountSparkSessionJob,
} from "./word_count.ts";
