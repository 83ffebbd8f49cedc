import type { Job } from "hearth";

class IllegalArgumentException extends Error {
  override readonly name = "IllegalArgumentException";
}

class OutOfMemoryError extends Error {
  override readonly name = "OutOfMemoryError";
}

export const MyErrorJob: Job = () => {
  throw new IllegalArgumentException("Foobar");
};

/** Fails with an error that would end a JVM. Here the server continues. */
export const MyFatalErrorJob: Job = () => {
  throw new OutOfMemoryError("this is a fatal error");
};
