/** A jar is refused. The message says why and what to do, and begins with `The jar`. */
export class JarError extends Error {
  override readonly name = "JarError";
}
