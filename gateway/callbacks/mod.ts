/**
 * Callbacks: the signed POST that tells somebody of a job's end. Imports the record's contract, `proto`, the queue of `events`,
 * `outgoing` and how the spark-jobserver face prints an error.
 */
export {
  type CallbackConfig,
  type Callbacks,
  createCallbacks,
  openCallbackSecret,
  startCallbackDelivery,
} from "./callbacks.ts";
