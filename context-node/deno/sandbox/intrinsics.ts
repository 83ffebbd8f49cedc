/** Globals that an executor relies on, as they were before a job could replace them. */
export const { queueMicrotask, setTimeout, clearTimeout } = globalThis;
export const { parse, stringify } = JSON;
export const now: () => number = performance.now.bind(performance);
