import type { Current } from "../files/reloaded.ts";
import type { Secrets } from "./secrets.ts";
import { CLOCK_TOLERANCE_MS, isOutOfTime, sign, signedWith } from "./signature.ts";

/** NATS header of a signed announcement: `<milliseconds since 1970>.<HMAC-SHA-256, hexadecimal>`. */
export const SIGNATURE_HEADER = "Hearth-Signature";

const SIGNATURE = /^(?<at>\d{1,16})\.(?<mac>[0-9a-f]{64})$/;

interface Announcement {
  readonly subject: string;
  /** JSON with an `id`. */
  readonly payload: string;
}

interface SignedAnnouncement extends Announcement {
  /** Empty when there is none. */
  readonly signature: string;
}

/** Signs what one node announces; each signature is later than the one before, unless the clock went back further than readers put up with. */
export type Signer = (announcement: Announcement) => string;

export function createSigner(secrets: Current<Secrets>): Signer {
  let last = 0;
  return (announcement) => {
    const now = Date.now();
    // After a leap back, what goes on from the time before counts nowhere.
    last = last - now > CLOCK_TOLERANCE_MS ? now : Math.max(now, last + 1);
    return `${last}.${sign(secrets.current[0], said(announcement, last)).toString("hex")}`;
  };
}

/** An announcement that is not to be believed; the message says why. */
export class AnnouncementRefused extends Error {
  override name = "AnnouncementRefused";
}

/** Reads announcements that somebody made who knows a secret of ours, each of them once and soon. */
export class AnnouncementReader {
  readonly #secrets: Current<Secrets>;
  /** By id; those that are too old to be believed again are forgotten. */
  readonly #lastById = new Map<string, number>();
  /** How far the wall clock is ahead of the clock of the process, in milliseconds; small leaps back add up in it. */
  #aheadMs = Date.now() - performance.now();

  constructor(secrets: Current<Secrets>) {
    this.#secrets = secrets;
  }

  /** Throws AnnouncementRefused, or what `parse` throws, which sees only what is signed. */
  read<Announced extends { readonly id: string }>(
    announcement: SignedAnnouncement,
    parse: (payload: string) => Announced,
  ): Announced {
    const { at, mac } = SIGNATURE.exec(announcement.signature)?.groups ?? {};
    if (at === undefined || mac === undefined) throw new AnnouncementRefused("it is not signed");
    const saidAt = Number(at);
    if (signedWith(this.#secrets.current, said(announcement, saidAt), Buffer.from(mac, "hex")) === undefined) {
      throw new AnnouncementRefused("it is signed with another secret");
    }
    if (isOutOfTime(saidAt)) {
      throw new AnnouncementRefused("it is old, or the clock of its machine or ours is wrong");
    }
    const announced = parse(announcement.payload);
    this.#followClock();
    if (saidAt <= (this.#lastById.get(announced.id) ?? 0)) throw new AnnouncementRefused("it was made before");
    this.#lastById.set(announced.id, saidAt);
    const now = Date.now();
    for (const [id, last] of this.#lastById) if (now - last > 2 * CLOCK_TOLERANCE_MS) this.#lastById.delete(id);
    return announced;
  }

  /** After our clock went back by more than the tolerance, nodes that share it name earlier times than before. */
  #followClock(): void {
    const aheadMs = Date.now() - performance.now();
    const leapMs = aheadMs - this.#aheadMs;
    if (leapMs < 0 && leapMs > -CLOCK_TOLERANCE_MS) return;
    this.#aheadMs = aheadMs;
    if (leapMs >= 0) return;
    for (const [id, last] of this.#lastById) this.#lastById.set(id, last + leapMs);
  }
}

function said({ subject, payload }: Announcement, at: number): (string | number)[] {
  return ["hearth announcement 1", subject, at, payload];
}
