import { headers, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { createSigner, type Membership, SIGNATURE_HEADER } from "../cluster/mod.ts";
import {
  HEARTBEAT_INTERVAL_MS,
  NODE_FAREWELL_SUBJECT,
  NODE_HEARTBEAT_SUBJECT,
  NODE_SERVICE_NAME,
  type Node,
  printNode,
} from "../proto/node.ts";

interface AnnounceDeps extends Pick<Membership, "secrets"> {
  readonly nats: NatsConnection;
}

/** The announcement of a node. Disposal announces its departure. */
export interface Announcement extends Disposable {
  /** Announces the present state at once. */
  beat(): void;
}

/**
 * Announces the node: now, every second with its load, and when a gateway asks by the NATS services protocol; also while it drains, because
 * gateways count silent nodes as lost. Resolves when the node can be discovered. With a secret, announcements are signed.
 */
export async function announceNode({ nats, secrets }: AnnounceDeps, describe: () => Node): Promise<Announcement> {
  const sign = secrets && createSigner(secrets);
  const announce = (subject: string): void => {
    const payload = printNode(describe());
    const signed = headers();
    if (sign) signed.set(SIGNATURE_HEADER, sign({ subject, payload }));
    nats.publish(subject, payload, sign && { headers: signed });
  };
  const beat = (): void => announce(NODE_HEARTBEAT_SUBJECT);
  const answers = answerServiceRequests(nats, describe(), { onPing: beat });
  beat();
  await nats.flush();
  const timer = setInterval(beat, HEARTBEAT_INTERVAL_MS);
  let announced = true;
  return {
    beat,
    [Symbol.dispose]() {
      // A drain announces the departure itself: at disposal NATS may be gone.
      if (!announced) return;
      announced = false;
      clearInterval(timer);
      answers[Symbol.dispose]();
      announce(NODE_FAREWELL_SUBJECT);
    },
  };
}

/**
 * The discovery part of the NATS services protocol, for a service without endpoints of its own, so that `nats micro ls`,
 * `info` and `stats` show the node. A gateway that starts sends a ping, too. https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-32.md
 */
function answerServiceRequests(
  nats: NatsConnection,
  { id, version, address }: Node,
  { onPing }: { readonly onPing: () => void },
): Disposable {
  const identity = { name: NODE_SERVICE_NAME, id, version, metadata: { address } };
  const answers = {
    PING: { type: "io.nats.micro.v1.ping_response", ...identity },
    INFO: { type: "io.nats.micro.v1.info_response", ...identity, description: "A Hearth context node", endpoints: [] },
    STATS: { type: "io.nats.micro.v1.stats_response", ...identity, started: new Date().toISOString(), endpoints: [] },
  };
  const subscriptions = Object.entries(answers).flatMap(([verb, answer]) => {
    const payload = JSON.stringify(answer);
    const callback = (_error: Error | null, message: Msg): void => {
      message.respond(payload);
      if (verb === "PING") onPing();
    };
    const subjects = [`$SRV.${verb}`, `$SRV.${verb}.${NODE_SERVICE_NAME}`, `$SRV.${verb}.${NODE_SERVICE_NAME}.${id}`];
    return subjects.map((subject) => nats.subscribe(subject, { callback }));
  });
  return {
    [Symbol.dispose]() {
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
  };
}
