import { type Environment, type MavenJar, mavenJar } from "../../context-node/spark/toolchain/mod.ts";

/** Hadoop's test kit, of the version whose client Spark 4.3 has among its jars, and what it loads. */
const JARS: readonly MavenJar[] = [
  {
    path: "org/apache/hadoop/hadoop-client-minicluster/3.5.0/hadoop-client-minicluster-3.5.0.jar",
    sha256: "06772d24529e59939915979b3edba204d367750ef7dc5120411f35221dd4818c",
  },
  {
    path: "org/junit/jupiter/junit-jupiter-api/5.11.4/junit-jupiter-api-5.11.4.jar",
    sha256: "ab83ef9e51ac4597d59d26b4b58812129550e2f579a404c8af7d09f5ce5b4293",
  },
  {
    path: "org/junit/platform/junit-platform-commons/1.11.4/junit-platform-commons-1.11.4.jar",
    sha256: "9edd969b0d0670c54105bc91ae79bd1c6f503e12115faba82073b84c86bbc334",
  },
  {
    path: "org/opentest4j/opentest4j/1.3.0/opentest4j-1.3.0.jar",
    sha256: "48e2df636cab6563ced64dcdff8abb2355627cb236ef0bf37598682ddf742f1b",
  },
  {
    path: "org/bouncycastle/bcprov-jdk18on/1.78.1/bcprov-jdk18on-1.78.1.jar",
    sha256: "add5915e6acfc6ab5836e1fd8a5e21c6488536a8c1f21f386eeb3bf280b702d7",
  },
  {
    path: "org/bouncycastle/bcpkix-jdk18on/1.78.1/bcpkix-jdk18on-1.78.1.jar",
    sha256: "4b48ea084e5232b9d79ebca1887b9de037b124931807cd60710748c2aee08cc9",
  },
  {
    path: "org/bouncycastle/bcutil-jdk18on/1.78.1/bcutil-jdk18on-1.78.1.jar",
    sha256: "d9fa56f97b0f761ce3bc8d9d74c5d7137a987bf5bd3abfe1003f9bafa45a1d2f",
  },
];

/** Paths of the jars, from the user's cache or Maven. */
export async function miniYarnJars(env: Environment): Promise<string[]> {
  return await Promise.all(JARS.map((jar) => mavenJar(jar, { env })));
}
