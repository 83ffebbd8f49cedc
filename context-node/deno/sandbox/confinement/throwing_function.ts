import { defineProperty, NativeError } from "./primordials.ts";

/** Makes the error, so that it can be of a class that the caller knows. */
type Refuse = (message: string) => Error;

const newError: Refuse = (message) => new NativeError(message);

/** A function, and a class that can be extended, whose call throws. */
export function throwingFunction(name: string, message: string, refuse: Refuse = newError): () => never {
  function refusal(): never {
    throw refuse(message);
  }
  defineProperty(refusal, "name", { value: name, configurable: true });
  return refusal;
}
