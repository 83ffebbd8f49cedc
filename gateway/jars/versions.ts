import type { ClassHeader } from "./class_file.ts";
import type { JobClass } from "./job_traits.ts";

/** What a jar was compiled for. */
export interface JarVersions {
  /** `2.12` or `2.13` (also for Scala 3, whose library it uses), `2.11` for that and older ones; empty when nothing tells. */
  readonly scalaVersion: string;
  /** The Java that the classes need at least: 8, 11, 17; 0 for a jar without classes. */
  readonly javaVersion: number;
}

/** Signs of a Scala version beside those in classes. */
export interface ScalaSigns {
  /** Names of the artifacts in the jar, as Maven leaves them there: `job-server-api_2.12`. */
  readonly artifacts: readonly string[];
  /** Names of classes for which Scala 3 left a file of TASTy, without the extension. */
  readonly tasty: ReadonlySet<string>;
}

/** Version of class files of Java 1.0 less one: Java 8 writes 52. */
const JAVA_ZERO = 44;
const JAVA_8 = 52;

/**
 * The versions that the jobs of a jar need; of a jar without jobs those of most of its classes (Scala), and of the newest (Java). What a jar brings
 * along may be newer than anything that its jobs use.
 */
export function findVersions(
  classes: ReadonlyMap<string, ClassHeader>,
  jobs: readonly JobClass[],
  signs: ScalaSigns,
): JarVersions {
  const decisive = jobs.length > 0 ? jobs.map(({ header }) => header) : [...classes.values()];
  const newest = decisive.reduce((highest, { majorVersion }) => Math.max(highest, majorVersion), 0);
  const scalaVersion =
    mostCommon(jobs.map(({ header }) => scalaVersionOf(header, classes, signs))) ||
    mostCommon([...classes.values()].map((header) => scalaVersionOf(header, classes, signs))) ||
    mostCommon(signs.artifacts.map((name) => /_(2\.1[0-3])$/.exec(name)?.[1] ?? ""));
  return { scalaVersion, javaVersion: newest === 0 ? 0 : Math.max(newest - JAVA_ZERO, 1) };
}

/** Scala versions of the classes of a jar, each with their number. */
export function countScalaVersions(
  classes: ReadonlyMap<string, ClassHeader>,
  signs: ScalaSigns,
): ReadonlyMap<string, number> {
  return count([...classes.values()].map((header) => scalaVersionOf(header, classes, signs)));
}

/** Of an object the class beside it has the signature. */
function scalaVersionOf(header: ClassHeader, classes: ReadonlyMap<string, ClassHeader>, { tasty }: ScalaSigns): string {
  const outer = header.name.replace(/\$$/, "");
  if (tasty.has(outer)) return "2.13";
  switch (header.signatureMinor ?? classes.get(outer)?.signatureMinor) {
    case 2:
      return "2.13";
    case 0:
      return header.majorVersion < JAVA_8 ? "2.11" : "2.12";
    default:
      return "";
  }
}

function mostCommon(versions: readonly string[]): string {
  const [first] = [...count(versions)].sort(([, a], [, b]) => b - a);
  return first?.[0] ?? "";
}

function count(versions: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const version of versions) {
    if (version !== "") counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  return counts;
}
