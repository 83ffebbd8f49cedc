import { Metadata, type ServerDuplexStream, status } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { createThrottledLog, type Membership, PROOF_HEADER, ProofReader, ProofRefused } from "../../cluster/mod.ts";
import type { OpenRequest, OpenResponse } from "../../proto/node.ts";

interface AdmissionDeps {
  readonly nodeId: string;
  readonly log: Pick<Logger, "warn">;
}

interface Refusal {
  readonly peer: string;
  readonly reason: string;
}

/** Checks that a stream belongs to a gateway of the cluster. Ends any other with the reason. */
export type Admission = (stream: ServerDuplexStream<OpenRequest, OpenResponse>) => boolean;

/**
 * Requires a proof of the secret, if there is one, and returns the node's. Both are in the metadata, so no message of a stranger is read.
 */
export function createAdmission({ nodeId, log }: AdmissionDeps, { secrets }: Pick<Membership, "secrets">): Admission {
  if (secrets === undefined) return () => true;
  const reader = new ProofReader(secrets, nodeId);
  const logRefusal = createThrottledLog<Refusal>(
    (fields) => log.warn(fields, "a gateway that is not one of ours was turned away"),
    { linesPerMinute: 1, keyOf: ({ reason }) => reason },
  );
  return (stream) => {
    try {
      const [proof = ""] = stream.metadata.get(PROOF_HEADER);
      const answer = new Metadata();
      answer.set(PROOF_HEADER, reader.answer(String(proof)));
      stream.sendMetadata(answer);
      return true;
    } catch (error) {
      if (!(error instanceof ProofRefused)) throw error;
      logRefusal({ peer: stream.getPeer(), reason: error.message });
      stream.emit("error", { code: status.UNAUTHENTICATED, details: error.message });
      return false;
    }
  };
}
