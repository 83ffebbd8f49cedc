/** A job that lists what it can reach: for each object, by the path on which it was found first, the names of its own properties. */
interface Found {
  readonly path: string;
  readonly value: object;
}

/** More than a job reaches today, so that a walk that finds no end is noticed. */
const MAX_OBJECTS = 50_000;

export async function job({ config }: { config: { modules: readonly string[] } }): Promise<string[]> {
  const roots: Found[] = [{ path: "globalThis", value: globalThis }];
  const refused: string[] = [];
  for (const name of config.modules) {
    try {
      roots.push({ path: name, value: await import(name) });
    } catch {
      refused.push(`${name} is refused`);
    }
  }
  // Objects of the language have no own property by which to reach these.
  for (const [path, value] of Object.entries({
    "function*": function* () {},
    async: async () => {},
    "async function*": async function* () {},
    "[].values()": [].values(),
    "new Map().keys()": new Map().keys(),
    "new Set().keys()": new Set().keys(),
    '"".matchAll()': "".matchAll(/x/g),
    '""[Symbol.iterator]()': ""[Symbol.iterator](),
    "Iterator.from()": Iterator.from({ next: () => ({ done: true, value: undefined }) }),
    "[].values().map()": [].values().map(String),
    "import.meta": import.meta,
  })) {
    roots.push({ path, value });
  }
  return [...walk(roots), ...refused].sort();
}

function walk(roots: readonly Found[]): string[] {
  const seen = new Set<object>(roots.map(({ value }) => value));
  const queue = [...roots];
  const lines: string[] = [];
  for (const { path, value } of queue) {
    const names = Reflect.ownKeys(value).filter((name) => !isOfLittleInterest(value, name));
    const told = names
      .filter((name) => !isItem(value, name))
      .map(nameOf)
      .sort()
      .join(" ");
    if (told !== "" && told !== "prototype" && told !== "constructor") lines.push(`${path}: ${told}`);
    if (queue.length > MAX_OBJECTS) throw new Error(`There is no end to it: ${path}`);
    const prototype = Reflect.getPrototypeOf(value);
    if (prototype !== null) add(`${path}.[[Prototype]]`, prototype);
    for (const name of names) {
      const inner = path === "globalThis" ? nameOf(name) : `${path}.${nameOf(name)}`;
      const descriptor = Reflect.getOwnPropertyDescriptor(value, name);
      add(`${inner}.[[Get]]`, descriptor?.get);
      add(`${inner}.[[Set]]`, descriptor?.set);
      add(inner, valueAt(value, name));
    }
  }
  return lines;

  function add(path: string, value: unknown): void {
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
    seen.add(value);
    queue.push({ path, value });
  }
}

function valueAt(object: object, name: PropertyKey): unknown {
  try {
    return Reflect.get(object, name);
  } catch {
    // Of a prototype: it is there for instances.
    return undefined;
  }
}

function isOfLittleInterest(value: object, name: PropertyKey): boolean {
  if (typeof value === "function" && (name === "length" || name === "name")) return true;
  return value instanceof Uint8Array;
}

/** What an array holds is walked, and not listed by its place. */
function isItem(value: object, name: PropertyKey): boolean {
  return Array.isArray(value) && name !== "length";
}

function nameOf(name: PropertyKey): string {
  return typeof name === "symbol" ? `@@${name.description}` : String(name);
}
