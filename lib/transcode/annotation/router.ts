import { decodeSegment } from "./percent.ts";
import { printTemplate, type Template } from "./template.ts";

/** A route. */
export interface Routable {
  /** Upper case, or `*` for any. */
  readonly httpMethod: string;
  readonly template: Template;
  /** Used in errors about conflicts. */
  readonly name: string;
}

export interface Match<R> {
  readonly route: R;
  /** Segments of the path, not decoded, without the verb. */
  readonly segments: readonly string[];
}

export interface Router<R> {
  /**
   * Returns the route for a path, without its query. For each segment, a literal takes precedence over `*`, and `*` over `**`; a template
   * with the path's verb over one without verb, whose last segment contains the colon; a method over `*`. HEAD matches GET.
   */
  match(httpMethod: string, path: string): Match<R> | undefined;
  /** The HTTP methods with a route for a path. */
  allowed(path: string): string[];
}

/** Throws an Error that names both routes if two match the same paths with the same precedence. */
export function createRouter<R extends Routable>(routes: readonly R[]): Router<R> {
  const tables = new Map<string, Table<R>>();
  for (const route of routes) {
    insert(tables, route);
  }
  const anyMethod = tables.get("*");

  function match(httpMethod: string, path: string): Match<R> | undefined {
    if (!path.startsWith("/")) {
      return undefined;
    }
    const segments = path.slice(1).split("/");
    return (
      search(tables.get(httpMethod), segments) ??
      (httpMethod === "HEAD" ? search(tables.get("GET"), segments) : undefined) ??
      search(anyMethod, segments)
    );
  }

  return {
    match,
    allowed(path) {
      const methods = [...tables.keys()].filter((httpMethod) => match(httpMethod, path) !== undefined);
      return methods.includes("GET") && !methods.includes("HEAD") ? [...methods, "HEAD"] : methods;
    },
  };
}

/** The routes of one HTTP method: a trie of segments for each verb, including the empty one. */
type Table<R> = Map<string, Node<R>>;

interface Node<R> {
  readonly literals: Map<string, Node<R>>;
  any: Node<R> | undefined;
  /** The route whose `**` begins here. */
  rest: R | undefined;
  /** The route that ends here. */
  end: R | undefined;
}

function createNode<R>(): Node<R> {
  return { literals: new Map(), any: undefined, rest: undefined, end: undefined };
}

function insert<R extends Routable>(tables: Map<string, Table<R>>, route: R): void {
  const table = getOrCreate(tables, route.httpMethod, () => new Map());
  let node: Node<R> = getOrCreate(table, route.template.verb, createNode<R>);
  for (const segment of route.template.segments) {
    switch (segment.type) {
      case "literal":
        node = getOrCreate(node.literals, segment.text, createNode<R>);
        break;
      case "any":
        node.any ??= createNode();
        node = node.any;
        break;
      case "rest":
        refuseClash(node.rest, route);
        node.rest = route;
        return;
      default:
        segment satisfies never;
    }
  }
  refuseClash(node.end, route);
  node.end = route;
}

function refuseClash<R extends Routable>(present: R | undefined, route: R): void {
  if (present === undefined) {
    return;
  }
  const [first, second] = [present, route].map(
    ({ name, httpMethod, template }) => `${name} (${httpMethod} ${printTemplate(template)})`,
  );
  throw new Error(`Cannot route ${second}: ${first} matches the same requests`);
}

function search<R>(table: Table<R> | undefined, segments: readonly string[]): Match<R> | undefined {
  if (table === undefined) {
    return undefined;
  }
  const last = segments[segments.length - 1] ?? "";
  // The longest verb first. A verb needs a character before its colon.
  for (let colon = last.indexOf(":", 1); colon > 0; colon = last.indexOf(":", colon + 1)) {
    const found = find(table.get(decoded(last.slice(colon + 1))), [...segments.slice(0, -1), last.slice(0, colon)]);
    if (found !== undefined) {
      return found;
    }
  }
  return find(table.get(""), segments);
}

function find<R>(root: Node<R> | undefined, segments: readonly string[]): Match<R> | undefined {
  const route = root && walk(root, segments, 0);
  return route && { route, segments };
}

/** Each node has one parent only, so that backtracking costs no more than the size of the trie. */
function walk<R>(node: Node<R>, segments: readonly string[], index: number): R | undefined {
  const segment = segments[index];
  if (segment === undefined) {
    return node.end ?? node.rest;
  }
  const literal = node.literals.get(decoded(segment));
  return (
    (literal && walk(literal, segments, index + 1)) ??
    (segment === "" || node.any === undefined ? undefined : walk(node.any, segments, index + 1)) ??
    node.rest
  );
}

/** Decodes a segment to compare it with literals. Malformed text matches none; reading it as a variable reports the error. */
function decoded(segment: string): string {
  return decodeSegment(segment) ?? segment;
}

function getOrCreate<V>(map: Map<string, V>, key: string, create: () => V): V {
  const present = map.get(key);
  if (present !== undefined) {
    return present;
  }
  const created = create();
  map.set(key, created);
  return created;
}
