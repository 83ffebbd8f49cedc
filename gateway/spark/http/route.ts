import type { Named } from "../../access/mod.ts";
import type { Fault } from "../error.ts";
import type { Answer } from "./answer.ts";
import type { SparkRequest } from "./request.ts";

export const METHODS = ["GET", "POST", "PUT", "DELETE"] as const;
export type Method = (typeof METHODS)[number];

/** One line of the table of routes. Of those that match a request the first one serves it. */
export interface Route<Deps> {
  readonly method: Method;
  /** Literal segments, `:name` for one that is not empty, and at the end `**` for any number of any. */
  readonly path: string;
  /** What a caller needs to be allowed; undefined for what is open to everybody. */
  readonly permission: string | undefined;
  /** The objects that a request names, for which its caller needs to be allowed. Absent: it names none. */
  readonly named?: (request: SparkRequest) => Named;
  /** Name of its timer in `/metricz`. */
  readonly timer: string | undefined;
  readonly serve: (deps: Deps, request: SparkRequest) => Promise<Answer> | Answer;
  /** What API errors are told as here, by their reason in the catalogue of errors. */
  readonly explain?: Explanations;
}

export type Explanations = Readonly<Record<string, (fault: Fault, request: SparkRequest) => Answer>>;

export interface Match<Deps> {
  readonly route: Route<Deps>;
  readonly path: Readonly<Record<string, string>>;
}

/** Either a route, or why there is none: the path, or the method alone. */
export type Matched<Deps> = Match<Deps> | { readonly allowed: readonly Method[] };

/**
 * Finds the route of a request below a prefix of the table. As in akka-http a path that some route of the method could have is
 * "not found" (`allowed` is empty), and a method that no route of the prefix has is "not allowed".
 */
export function matchRoute<Deps>(
  routes: readonly Route<Deps>[],
  method: string,
  segments: readonly string[],
): Matched<Deps> {
  const ofPrefix = routes.filter(({ path }) => path.split("/")[1] === segments[0]);
  const ofMethod = ofPrefix.filter((route) => route.method === method);
  for (const route of ofMethod) {
    const path = matchPath(route.path, segments);
    if (path !== undefined) return { route, path };
  }
  return { allowed: ofMethod.length > 0 ? [] : [...new Set(ofPrefix.map((route) => route.method))] };
}

function matchPath(pattern: string, segments: readonly string[]): Record<string, string> | undefined {
  const wanted = pattern.slice(1).split("/");
  const values: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    if (part === "**") return values;
    const segment = segments[index];
    if (segment === undefined) return undefined;
    if (!part.startsWith(":")) {
      if (part !== segment) return undefined;
      continue;
    }
    if (segment === "") return undefined;
    values[part.slice(1)] = segment;
  }
  return segments.length === wanted.length ? values : undefined;
}
