import { randomBytes } from "node:crypto";
import type { Current } from "../files/reloaded.ts";
import type { Secrets } from "./secrets.ts";
import { isOutOfTime, sign, signedWith } from "./signature.ts";

/**
 * gRPC metadata with which both ends of a session prove that they know a secret, before they read each other's messages. The gateway sends
 * `<milliseconds since 1970>.<32 random bytes>.<HMAC-SHA-256>`, for one node and one session; the node responds with an HMAC over the same.
 */
export const PROOF_HEADER = "hearth-proof";

const PROOF = /^(?<at>\d{1,16})\.(?<nonce>[0-9a-f]{64})\.(?<mac>[0-9a-f]{64})$/;

const NONCE_BYTES = 32;

/** Time for which proofs are remembered, in milliseconds. Long, because an old proof becomes valid again if the clock goes back. */
const REMEMBERED_MS = 24 * 3600 * 1000;

interface Claimed {
  readonly nodeId: string;
  readonly at: number;
  /** Hexadecimal. */
  readonly nonce: string;
}

/** A gateway's request for a session with a node. */
export interface SessionClaim {
  readonly proof: string;
  /** Whether the node's proof shows that it knows one of our secrets. */
  isAnsweredBy(proof: string): boolean;
}

export function claimSession(secrets: Current<Secrets>, nodeId: string): SessionClaim {
  const claimed: Claimed = { nodeId, at: Date.now(), nonce: randomBytes(NONCE_BYTES).toString("hex") };
  const mac = sign(secrets.current[0], said("gateway", claimed));
  return {
    proof: `${claimed.at}.${claimed.nonce}.${mac.toString("hex")}`,
    isAnsweredBy: (proof) =>
      signedWith(secrets.current, said("node", claimed), Buffer.from(proof, "hex")) !== undefined,
  };
}

/** The proof of a gateway is invalid; the message says why. */
export class ProofRefused extends Error {
  override name = "ProofRefused";
}

/** Verifies the proofs that gateways send to one node: each is recent and not replayed. */
export class ProofReader {
  readonly #secrets: Current<Secrets>;
  readonly #nodeId: string;
  /** Times at which proofs were accepted, on the clock of the process, by nonce. Oldest first. */
  readonly #takenAtMs = new Map<string, number>();

  constructor(secrets: Current<Secrets>, nodeId: string) {
    this.#secrets = secrets;
    this.#nodeId = nodeId;
  }

  /** Returns the node's proof. Throws ProofRefused. */
  answer(proof: string): string {
    if (proof === "") throw new ProofRefused("The node has a secret (cluster.secret), and the gateway has none");
    const { at = "", nonce = "", mac = "" } = PROOF.exec(proof)?.groups ?? {};
    const claimed: Claimed = { nodeId: this.#nodeId, at: Number(at), nonce };
    const secret = signedWith(this.#secrets.current, said("gateway", claimed), Buffer.from(mac, "hex"));
    if (secret === undefined) {
      throw new ProofRefused("The gateway has another secret than the node (cluster.secret), or wants another node");
    }
    if (isOutOfTime(claimed.at)) throw new ProofRefused("The proof is old, or the clock of a machine is wrong");
    if (this.#takenAtMs.has(nonce)) throw new ProofRefused("The proof was used before");
    const now = performance.now();
    this.#takenAtMs.set(nonce, now);
    for (const [taken, takenAtMs] of this.#takenAtMs) {
      if (now - takenAtMs < REMEMBERED_MS) break;
      this.#takenAtMs.delete(taken);
    }
    return sign(secret, said("node", claimed)).toString("hex");
  }
}

function said(end: "gateway" | "node", { nodeId, at, nonce }: Claimed): (string | number)[] {
  return ["hearth session 2", end, nodeId, at, nonce];
}
