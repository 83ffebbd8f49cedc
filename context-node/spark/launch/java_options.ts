/** Packages of Java that Spark opens for itself, as its launcher does (org.apache.spark.launcher.JavaModuleOptions). */
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

/** A heap up to this size is collected by one thread: a parallel collector costs memory and start time, and wins nothing. */
const LARGEST_SERIAL_HEAP_BYTES = 2 * 1024 ** 3;

/** What Spark's own launcher gives every JVM of Spark. */
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

/** How the JVM of a driver is run: one without memory ends, as nobody knows what it lost; one that only coordinates starts fast. */
export function tuningOptions({ heapBytes, coordinates }: { heapBytes: number; coordinates: boolean }): string[] {
  return [
    "-XX:+ExitOnOutOfMemoryError",
    ...(coordinates || heapBytes <= LARGEST_SERIAL_HEAP_BYTES ? ["-XX:+UseSerialGC"] : []),
    // Its compiler is ready sooner, and slower where a driver computes for long: that is what executors do.
    ...(coordinates ? ["-XX:TieredStopAtLevel=1"] : []),
  ];
}
