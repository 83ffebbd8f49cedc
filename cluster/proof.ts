import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from "node:crypto";

/** Of a nonce; a shorter one is none. */
export const NONCE_BYTES = 32;

/** What both ends of a session have said before they prove that they know the secret. */
export interface Handshake {
  readonly nodeId: string;
  readonly gatewayId: string;
  readonly gatewayNonce: Uint8Array;
  readonly nodeNonce: Uint8Array;
}

export function createNonce(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(randomBytes(NONCE_BYTES));
}

/** The proof of one end that it knows the secret: HMAC-SHA-256 of who both are, their nonces, and which end it is. */
export function proveSession(secret: KeyObject, end: "gateway" | "node", handshake: Handshake): Buffer {
  const { nodeId, gatewayId, gatewayNonce, nodeNonce } = handshake;
  const nonces = [gatewayNonce, nodeNonce].map((nonce) => Buffer.from(nonce).toString("hex"));
  // As JSON no two different lists read the same.
  const said = JSON.stringify(["hearth session 1", end, nodeId, gatewayId, ...nonces]);
  return createHmac("sha256", secret).update(said).digest();
}

/** Compares in a time that does not depend on where two proofs differ. */
export function isSameProof(expected: Uint8Array, given: Uint8Array): boolean {
  return expected.length === given.length && timingSafeEqual(expected, given);
}
