/** Packages of Java that Spark's launcher opens for Spark (org.apache.spark.launcher.JavaModuleOptions). */
const OPENED = [
  ...[
    "lang",
    "lang.invoke",
    "lang.reflect",
    "io",
    "net",
    "nio",
    "util",
    "util.concurrent",
    "util.concurrent.atomic",
  ].map((name) => `java.base/java.${name}`),
  ...["jdk.internal.ref", "sun.nio.ch", "sun.nio.cs", "sun.security.action", "sun.util.calendar"].map(
    (name) => `java.base/${name}`,
  ),
  "java.security.jgss/sun.security.krb5",
];

/** Largest heap with the serial collector, in bytes: below it, a parallel collector costs memory and start time without a benefit. */
const LARGEST_SERIAL_HEAP_BYTES = 2 * 1024 ** 3;

/** Options that Spark's own launcher passes to every JVM. */
export function moduleOptions(sparkMajor: number): string[] {
  const opens = OPENED.map((name) => `--add-opens=${name}=ALL-UNNAMED`);
  if (sparkMajor < 4)
    return ["-XX:+IgnoreUnrecognizedVMOptions", ...opens, "-Djdk.reflect.useDirectMethodHandle=false"];
  return [
    "-XX:+IgnoreUnrecognizedVMOptions",
    "--add-modules=jdk.incubator.vector",
    ...opens,
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dio.netty.allocator.type=pooled",
    "-Dio.netty.handler.ssl.defaultEndpointVerificationAlgorithm=NONE",
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
  ];
}

/** Tuning of the JVM of a driver. Out of memory, it exits, as its state is unknown. A driver that only coordinates executors starts fast. */
export function tuningOptions({ heapBytes, coordinates }: { heapBytes: number; coordinates: boolean }): string[] {
  return [
    "-XX:+ExitOnOutOfMemoryError",
    ...(coordinates || heapBytes <= LARGEST_SERIAL_HEAP_BYTES ? ["-XX:+UseSerialGC"] : []),
    // C1 alone warms up sooner, and is slower in long computations, which run on executors.
    ...(coordinates ? ["-XX:TieredStopAtLevel=1"] : []),
  ];
}
