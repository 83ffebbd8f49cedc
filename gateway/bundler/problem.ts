/** A problem of an upload. Without a file it concerns the upload as a whole. */
export interface BundleProblem {
  /** What is wrong, and how to fix it. */
  readonly text: string;
  /** Path in the upload. */
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  /** In characters, from 1. */
  readonly column?: number;
}

/** The upload is invalid. The message has the first problem; there is at least one. */
export class BundleError extends Error {
  override readonly name = "BundleError";
  readonly problems: readonly BundleProblem[];

  constructor(problems: readonly BundleProblem[], options?: ErrorOptions) {
    super(summarise(problems), options);
    this.problems = problems;
  }
}

/** Creates the error for an upload with one problem. */
export function badUpload(text: string, place: Omit<BundleProblem, "text"> = {}): BundleError {
  return new BundleError([{ ...place, text }]);
}

function summarise(problems: readonly BundleProblem[]): string {
  const [first, ...others] = problems.map(formatProblem);
  return others.length === 0 ? `${first}` : `${first} (and ${others.length} more)`;
}

/** `file:line:column: text`, without the unknown parts. */
export function formatProblem({ file, line, column, text }: BundleProblem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(":");
  return place === "" ? text : `${place}: ${text}`;
}
