/** Callbacks: the signed POST that reports the end of a job. */
export { type CallbackConfig, createCallbackUrlCheck, openCallbackSecret, startCallbackDelivery } from "./callbacks.ts";
