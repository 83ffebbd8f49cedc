import { ACCESS, type ClassHeader } from "./class_file.ts";

const PACKAGE = "spark/jobserver";

/** Base types of jobs for all versions of spark-jobserver, by their JVM names. */
const JOB_TRAITS: readonly string[] = [
  ...names(PACKAGE, "SparkJob SparkSessionJob SparkStreamingJob SparkSqlJob SparkHiveJob SparkJobBase JavaSparkJob"),
  ...names(`${PACKAGE}/api`, "SparkJob SparkJobBase OldSparkJob SparkSessionJob"),
  ...names(`${PACKAGE}/japi`, "BaseJavaJob JSparkJob JSessionJob JStreamingJob JSqlJob JHiveJob"),
];

/** Classes that compilers generate for expressions. */
const ANONYMOUS = /\$\$anon|\$\$Lambda|\$\d+\$?$/;

/** A class of a jar that can run as a job. */
export interface JobClass {
  /** Name for callers: `com.example.WordCount`, also for a Scala object. */
  readonly entryPoint: string;
  readonly header: ClassHeader;
}

/** The concrete classes and Scala objects that extend a job trait, through classes of the same jar only. Sorted by name. */
export function findJobClasses(classes: ReadonlyMap<string, ClassHeader>): JobClass[] {
  const found = new Map<string, ClassHeader>();
  for (const name of descendants(JOB_TRAITS, classes)) {
    const header = classes.get(name);
    if (header === undefined || !isRunnable(header)) continue;
    const entryPoint = name.replace(/\$$/, "").replaceAll("/", ".");
    // Of a class and an object with the same name, the class is the job.
    if (!found.has(entryPoint) || !name.endsWith("$")) found.set(entryPoint, header);
  }
  const jobs = [...found].map(([entryPoint, header]) => ({ entryPoint, header }));
  return jobs.sort((a, b) => (a.entryPoint < b.entryPoint ? -1 : 1));
}

/** Names of all subtypes of the roots. Visits each class once, also in cyclic hierarchies. */
function descendants(roots: readonly string[], classes: ReadonlyMap<string, ClassHeader>): Set<string> {
  const children = new Map<string, string[]>();
  for (const { name, superName, interfaces } of classes.values()) {
    for (const parent of superName === undefined ? interfaces : [superName, ...interfaces]) {
      const known = children.get(parent);
      if (known === undefined) children.set(parent, [name]);
      else known.push(name);
    }
  }
  const found = new Set<string>();
  const waiting = [...roots];
  for (let parent = waiting.pop(); parent !== undefined; parent = waiting.pop()) {
    for (const child of children.get(parent) ?? []) {
      if (found.has(child) || roots.includes(child)) continue;
      found.add(child);
      waiting.push(child);
    }
  }
  return found;
}

function isRunnable({ name, access }: ClassHeader): boolean {
  const isConcrete = (access & (ACCESS.interface | ACCESS.abstract)) === 0;
  return isConcrete && (access & ACCESS.public) !== 0 && !ANONYMOUS.test(name);
}

function names(folder: string, classes: string): string[] {
  return classes.split(" ").map((name) => `${folder}/${name}`);
}
