/** Why Spark cannot be used on this machine. */
export type ToolchainProblem =
  | "JAVA_MISSING"
  | "JAVA_UNSUPPORTED"
  | "SPARK_MISSING"
  | "SPARK_INCOMPLETE"
  | "SPARK_UNSUPPORTED"
  | "CACHE_UNUSABLE"
  | "LIBRARY_UNAVAILABLE"
  | "COMPILATION_FAILED"
  | "INSTALLATION_FAILED";

/** Java, Spark or a library is missing or unsupported. The message says what to do. */
export class ToolchainError extends Error {
  override readonly name = "ToolchainError";
  readonly problem: ToolchainProblem;

  constructor(problem: ToolchainProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
  }
}
