import type { ResourceNames } from "../../access/mod.ts";
import type { ApiError } from "../error.ts";
import type { Answer } from "./answer.ts";
import type { SparkRequest } from "./request.ts";

export const METHODS = ["GET", "POST", "PUT", "DELETE"] as const;
export type Method = (typeof METHODS)[number];

/** One row of the table of routes. The first that matches a request serves it. */
export interface Route<Deps> {
  readonly method: Method;
  /** Literal segments, `:name` for a segment that is not empty, and a final `**` for any number of segments. */
  readonly path: string;
  /** Permission that a caller needs. Undefined for public routes. */
  readonly permission: string | undefined;
  /** Reads the resources that a request names and its caller must be authorized for. Absent: none. */
  readonly named?: (request: SparkRequest) => ResourceNames;
  /** Name of its timer in `/metricz`. */
  readonly timer: string | undefined;
  readonly serve: (deps: Deps, request: SparkRequest) => Promise<Answer> | Answer;
  /** Responses to API errors, by their reason in the error catalogue. */
  readonly explain?: Explanations;
}

export type Explanations = Readonly<Record<string, (error: ApiError, request: SparkRequest) => Answer>>;

export interface Match<Deps> {
  readonly route: Route<Deps>;
  readonly path: Readonly<Record<string, string>>;
}

/** A route, or the methods that would match. */
export type Matched<Deps> = Match<Deps> | { readonly allowed: readonly Method[] };

/**
 * Finds the route of a request below a prefix of the table. As in akka-http, the result is "not found" (`allowed` is empty) when a route
 * of the prefix has the method, and "method not allowed" when none has.
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
