import { randomBytes } from "node:crypto";
import type { Current } from "../files/reloaded.ts";
import type { Secrets } from "./secrets.ts";
import { isOutOfTime, sign, signedWith } from "./signature.ts";

/**
 * gRPC metadata by which both ends of a session prove that they know a secret, before either reads a message of the other. The gateway's is
 * `<milliseconds since 1970>.<32 random bytes>.<HMAC-SHA-256>`, for one node and one session; the node answers with an HMAC over the same.
 */
export const PROOF_HEADER = "hearth-proof";

const PROOF = /^(?<at>\d{1,16})\.(?<nonce>[0-9a-f]{64})\.(?<mac>[0-9a-f]{64})$/;

const NONCE_BYTES = 32;

/** How long a proof is remembered, in milliseconds: when the clock goes back, one of long ago is in time again. */
const REMEMBERED_MS = 24 * 3600 * 1000;

interface Claimed {
  readonly nodeId: string;
  readonly at: number;
  /** Hexadecimal. */
  readonly nonce: string;
}

/** What a gateway says to a node that it wants a session with. */
export interface SessionClaim {
  readonly proof: string;
  /** Whether the node has proved in return that it knows one of our secrets. */
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

/** A gateway that is not one of ours; the message says why. */
export class ProofRefused extends Error {
  override name = "ProofRefused";
}

/** Reads the proofs of gateways to one node, each of them once and soon. */
export class ProofReader {
  readonly #secrets: Current<Secrets>;
  readonly #nodeId: string;
  /** When each was taken, on the clock of the process, by nonce: oldest first. */
  readonly #takenAtMs = new Map<string, number>();

  constructor(secrets: Current<Secrets>, nodeId: string) {
    this.#secrets = secrets;
    this.#nodeId = nodeId;
  }

  /** The node's proof in return. Throws ProofRefused. */
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
