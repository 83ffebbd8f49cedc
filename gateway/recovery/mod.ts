/**
 * Recovery: what happens to contexts and jobs when a node or a gateway is lost. Compares the store with what nodes hold, retries
 * attempts that are due, and finds what a gateway stored but never sent.
 */
export { startReconciler } from "./reconcile.ts";
export { createSessionObserver } from "./session_observer.ts";
