import { startTimer } from "./timer.ts";

/**
 * Settles as the promise does if it settles within the timeout, which may exceed the longest delay of setTimeout. Otherwise resolves to what
 * `onTimeout` returns, or rejects with what it throws. The work behind the promise continues.
 */
export async function deadline<Value, Late>(
  promise: Promise<Value>,
  timeoutMs: number,
  onTimeout: () => Late,
): Promise<Value | Late> {
  const { promise: late, resolve, reject } = Promise.withResolvers<Late>();
  using _ = startTimer(timeoutMs, () => {
    try {
      resolve(onTimeout());
    } catch (error) {
      reject(error);
    }
  });
  return await Promise.race([promise, late]);
}
