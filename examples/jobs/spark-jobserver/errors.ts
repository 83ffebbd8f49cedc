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

/** Fails with what would end a JVM. Here it is an error like others, and the server lives on. */
export const MyFatalErrorJob: Job = () => {
  throw new OutOfMemoryError("this is a fatal error");
};
