/** Where Deno keeps what its own modules share; no public API, so checked by tests against the pinned version. */
export const INTERNAL: symbol = Reflect.get(Deno, "internal");

/** What Deno builds its own console of. */
interface Internals {
  readonly Console: new (print: (text: string, level: number) => void) => Console;
  inspectArgs(values: readonly unknown[]): string;
}

export function internals(): Internals {
  return Reflect.get(Deno, INTERNAL);
}
