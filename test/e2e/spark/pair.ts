/** A request and the answer that it gets. Those of a group are sent in order, and later ones see what earlier ones did. */
export interface Pair {
  /** What is shown. */
  readonly says: string;
  /** `METHOD target`; `<name>` stands for what an earlier pair kept under the name. */
  readonly request: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly status: number;
  /** Headers of the answer; undefined for those that it has not. */
  readonly answerHeaders?: Readonly<Record<string, string | undefined>>;
  /**
   * The whole body: a text as it is, anything else as compact JSON, keys in this order. `<uuid>`, `<time>`, `<utc>`, `<secs>`, `<text>`, `<rest>`
   * stand for values of that form, and other `<name>` for what was kept.
   */
  readonly answer: unknown;
  /** What to keep of the answer, by name: the text that the pattern's group matches. */
  readonly keep?: Readonly<Record<string, RegExp>>;
  /** Sent again until the answer is this one. */
  readonly eventually?: boolean;
}

/** The pairs of one route, or of one rule. */
export interface Group {
  readonly title: string;
  readonly pairs: readonly Pair[];
}

const FORMS: Readonly<Record<string, string>> = {
  uuid: "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
  hex8: "[0-9a-f]{8}",
  time: String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:Z|[+-]\d\d:\d\d)`,
  utc: String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`,
  stamp: String.raw`\d{4}-\d\d-\d\dT\d\d_\d\d_\d\d\.\d{3}(?:Z|[+-]\d\d_\d\d)`,
  secs: String.raw`\d+\.\d+ secs`,
  text: String.raw`(?:[^"\\]|\\.)*`,
  rest: String.raw`[\s\S]*`,
  number: String.raw`\d+(?:\.\d+)?`,
};

/** The pattern of a body that is as expected. */
export function patternOf(answer: unknown, kept: ReadonlyMap<string, string>): RegExp {
  const text = typeof answer === "string" ? answer : JSON.stringify(answer);
  const parts = text.split(/<(\w+)>/).map((part, index) => {
    if (index % 2 === 0) return RegExp.escape(part);
    return FORMS[part] ?? RegExp.escape(kept.get(part) ?? `<${part}>`);
  });
  return new RegExp(`^${parts.join("")}$`);
}

/** A text with what was kept in the places of its names. */
export function fillIn(text: string, kept: ReadonlyMap<string, string>): string {
  return text.replaceAll(/<(\w+)>/g, (name, key: string) => kept.get(key) ?? name);
}

/** The form of errors. */
export function error(result: string): object {
  return { status: "ERROR", result };
}

/** The form of successes. */
export function success(result?: string): object {
  return { status: "SUCCESS", result };
}
