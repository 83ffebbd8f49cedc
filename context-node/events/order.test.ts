import fc from "fast-check";
import { expect, test } from "vitest";
import type { NodeMessage } from "../../proto/node.ts";
import { OpenSessions, type Session } from "../session/mod.ts";
import { Events, type JobRoute } from "./mod.ts";
import { Unacknowledged } from "./unacknowledged.ts";

type Message = NonNullable<NodeMessage["message"]>;

const JOBS = 3;
const GATEWAYS = 3;

/** An event of a job: its place in the job's sequence, and its number once a session has received it. */
interface Sent {
  readonly job: number;
  readonly index: number;
  readonly sessions: Set<FakeSession>;
  number: number;
  isAcknowledged: boolean;
}

/** A session that only records. One in ten events closes it, like a gateway that reads too slowly. */
class FakeSession {
  readonly gatewayId: string;
  readonly #receive: (session: FakeSession, message: Message) => void;
  constructor(gatewayId: string, receive: (session: FakeSession, message: Message) => void) {
    this.gatewayId = gatewayId;
    this.#receive = receive;
  }
  send(message: Message): void {
    this.#receive(this, message);
  }
}

const session = (fake: FakeSession): Session => fake as unknown as Session;

/** The node's side under test, and what each session received. */
class World {
  readonly #sessions = new OpenSessions();
  readonly #unacknowledged = new Unacknowledged(this.#sessions);
  readonly #open: FakeSession[] = [];
  readonly #sent: Sent[] = [];
  readonly #routes: JobRoute[] = [];
  /** The session that received the last event, by job. */
  readonly #latest: (FakeSession | undefined)[] = [];
  #overflowsAt = Number.POSITIVE_INFINITY;
  #received = 0;

  constructor(overflowsAt: number) {
    this.open(0);
    const [first] = this.#open;
    if (first === undefined) throw new Error("no session");
    for (let job = 0; job < JOBS; job++) {
      this.#routes.push({ origin: session(first), session: undefined, unacknowledged: 0 });
    }
    this.#overflowsAt = overflowsAt;
  }

  open(gateway: number): void {
    const opened = new FakeSession(`gateway-${gateway}`, (to, message) => this.#receive(to, message));
    this.#open.push(opened);
    this.#sessions.add(session(opened));
  }

  close(choice: number): void {
    const closed = this.#open[choice % Math.max(1, this.#open.length)];
    if (closed !== undefined) this.#close(closed);
  }

  send(job: number): void {
    const index = this.#ofJob(job).length;
    this.#sent.push({ job, index, sessions: new Set(), number: 0, isAcknowledged: false });
    const route = this.#routes[job];
    const event = Uint8Array.of(job, index);
    if (route) this.#unacknowledged.sendJob(route, { event, result: new Uint8Array(), acknowledged: undefined });
  }

  acknowledge(choice: number): void {
    const candidates = this.#sent.filter(({ number, isAcknowledged }) => number > 0 && !isAcknowledged);
    const chosen = candidates[choice % Math.max(1, candidates.length)];
    if (chosen === undefined) return;
    chosen.isAcknowledged = true;
    this.#unacknowledged.acknowledge([chosen.number]);
  }

  move(job: number, choice: number): void {
    const to = this.#open[choice % Math.max(1, this.#open.length)];
    const route = this.#routes[job];
    if (to && route) this.#unacknowledged.moveJob(route, session(to));
  }

  /** All unacknowledged events of a job are with one open session. */
  check(): void {
    if (this.#open.length === 0) return;
    for (let job = 0; job < JOBS; job++) {
      const kept = this.#ofJob(job).filter(({ isAcknowledged }) => !isAcknowledged);
      if (kept.length === 0) continue;
      expect(this.#open.some((one) => kept.every(({ sessions }) => sessions.has(one)))).toBe(true);
    }
  }

  #receive(to: FakeSession, message: Message): void {
    if (message.$case !== "jobEvent") return;
    // Like a closed session.
    if (!this.#open.includes(to)) return;
    if (++this.#received % this.#overflowsAt === 0) return this.#close(to);
    const [job = 0, index = 0] = message.value.event;
    const events = this.#ofJob(job);
    const event = events[index];
    if (event === undefined) throw new Error("an event that was not sent");
    const before = events.slice(0, index);
    // No event overtakes one that the session may have to publish first.
    expect(before.every(({ isAcknowledged, sessions }) => isAcknowledged || sessions.has(to))).toBe(true);
    const wasElsewhere = event.sessions.size > (event.sessions.has(to) ? 1 : 0);
    const latest = this.#latest[job];
    if (wasElsewhere || (latest !== undefined && latest !== to)) expect(message.value.again).toBe(true);
    this.#latest[job] = to;
    event.sessions.add(to);
    event.number = message.value.number;
  }

  #close(closed: FakeSession): void {
    this.#open.splice(this.#open.indexOf(closed), 1);
    this.#sessions.delete(session(closed));
  }

  #ofJob(job: number): Sent[] {
    return this.#sent.filter((event) => event.job === job);
  }
}

const job = fc.nat({ max: JOBS - 1 });
const choice = fc.nat({ max: 20 });
const step = fc.oneof(
  { weight: 4, arbitrary: job.map((job) => (world: World) => world.send(job)) },
  { weight: 3, arbitrary: choice.map((choice) => (world: World) => world.acknowledge(choice)) },
  { weight: 1, arbitrary: fc.nat({ max: GATEWAYS - 1 }).map((gateway) => (world: World) => world.open(gateway)) },
  { weight: 1, arbitrary: choice.map((choice) => (world: World) => world.close(choice)) },
  {
    weight: 1,
    arbitrary: fc.tuple(job, choice).map(
      ([job, choice]) =>
        (world: World) =>
          world.move(job, choice),
    ),
  },
);

test("the events of a job reach one session in order, and repeated ones are marked", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 5, max: 50 }), (steps, overflowsAt) => {
      const world = new World(overflowsAt);
      for (const take of steps) {
        take(world);
        world.check();
      }
    }),
    { numRuns: 1000 },
  );
});

test("flush() resolves to the number of events without acknowledgement", async () => {
  const events = new Events({ nodeId: "node", sessions: new OpenSessions() });
  const route = { origin: session(new FakeSession("gateway", () => {})), session: undefined, unacknowledged: 0 };
  for (let seq = 1; seq <= 3; seq++) {
    events.job({ jobId: "j", attempt: 1, contextId: "c", seq }, { $case: "queued", value: { position: 1 } }, { route });
  }
  events.acknowledge([2]);
  expect(await events.flush({ timeoutMs: 10 })).toBe(2);
  const flushed = events.flush({ timeoutMs: 60_000 });
  events.acknowledge([1, 3]);
  expect(await flushed).toBe(0);
});

test("flush() does not wait for context events without a session", async () => {
  const sessions = new OpenSessions();
  const events = new Events({ nodeId: "node", sessions });
  events.context({ contextId: "c", context: "c", seq: 1 }, { $case: "stopping", value: {} });
  expect(await events.flush({ timeoutMs: 60_000 })).toBe(1);
  const open = session(new FakeSession("gateway", () => {}));
  sessions.add(open);
  const flushed = events.flush({ timeoutMs: 60_000 });
  sessions.delete(open);
  expect(await flushed).toBe(1);
});
