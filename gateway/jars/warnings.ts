import type { Jar } from "./jar_entries.ts";
import { countScalaVersions, type JarVersions } from "./versions.ts";

/** Libraries that fat jars bundle by mistake: a class that identifies each, and its name. */
const BROUGHT_ALONG: readonly [sign: string, what: string][] = [
  ["org/apache/spark/SparkContext", "Spark itself"],
  ["scala/Predef", "the library of Scala"],
];

/** Maximum length of a warning, in characters. */
const MOST_CHARACTERS = 300;

interface Found {
  readonly entryPoints: readonly string[];
  readonly versions: JarVersions;
  /** Maximum number of listed warnings. */
  readonly most: number;
}

/** Warnings for the author of a jar. */
export function listWarnings(jar: Jar, { entryPoints, versions, most }: Found): string[] {
  const { unread } = jar;
  const listed = unread.slice(0, most).map((text) => `Not read, and no entry point: ${text}`);
  const more = unread.length > most ? [`${unread.length - most} more classes were not read`] : [];
  const all = [...aboutJobs(jar, entryPoints), ...aboutScala(jar, versions), ...broughtAlong(jar), ...listed, ...more];
  return all.map((text) => (text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text));
}

function aboutJobs({ hasNestedJars }: Jar, entryPoints: readonly string[]): string[] {
  if (entryPoints.length > 0) return [];
  const library =
    "No class of the jar implements a job of spark-jobserver: it is a library for other jars, unless a class of it inherits from one in another jar";
  if (!hasNestedJars) return [library];
  return [
    library,
    "The jar holds jars, which the JVM does not look into: upload them by themselves, or a jar with their classes",
  ];
}

function aboutScala({ classes, signs }: Jar, { scalaVersion }: JarVersions): string[] {
  const others = [...countScalaVersions(classes, signs)].filter(([version]) => version !== scalaVersion);
  const mixed = others.map(
    ([version, count]) =>
      `${count} classes are compiled for Scala ${version}, but the jar is for Scala ${scalaVersion}: they do not work together`,
  );
  const isScala3 = signs.tasty.size > 0 && !classes.has("scala/runtime/LazyVals");
  if (!isScala3) return mixed;
  return [
    ...mixed,
    "The jar is compiled by Scala 3: jobs need the jar of scala3-library too, such as in dependent-jar-uris",
  ];
}

function broughtAlong({ classes }: Jar): string[] {
  const found = BROUGHT_ALONG.filter(([sign]) => classes.has(sign));
  return found.map(
    ([, what]) =>
      `The jar holds ${what}, of which the one that runs is used: leave it out ("provided"), the jar gets smaller`,
  );
}
