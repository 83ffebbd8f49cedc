import { defineProperty, NativeError } from "./primordials.ts";

/** Creates the error, so that callers can choose its class. */
type CreateError = (message: string) => Error;

const newError: CreateError = (message) => new NativeError(message);

/** Returns a function whose call throws. It can also be extended as a class. */
export function throwingFunction(name: string, message: string, createError: CreateError = newError): () => never {
  function refusal(): never {
    throw createError(message);
  }
  defineProperty(refusal, "name", { value: name, configurable: true });
  return refusal;
}
