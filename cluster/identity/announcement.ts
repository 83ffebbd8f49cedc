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
  /** Empty for an unsigned announcement. */
  readonly signature: string;
}

/** Signs the announcements of one node. Times of signatures ascend, unless the clock is set back by more than the tolerance of readers. */
export type Signer = (announcement: Announcement) => string;

export function createSigner(secrets: Current<Secrets>): Signer {
  let last = 0;
  return (announcement) => {
    const now = Date.now();
    // After a larger step back, readers would refuse times that continue from the old clock.
    last = last - now > CLOCK_TOLERANCE_MS ? now : Math.max(now, last + 1);
    return `${last}.${sign(secrets.current[0], said(announcement, last)).toString("hex")}`;
  };
}

/** An announcement failed verification; the message says why. */
export class AnnouncementRefused extends Error {
  override name = "AnnouncementRefused";
}

/** Verifies announcements: each is signed with a known secret, recent, and not replayed. */
export class AnnouncementReader {
  readonly #secrets: Current<Secrets>;
  /** Time of the last announcement, by node id. Entries too old to be replayed are removed. */
  readonly #lastById = new Map<string, number>();
  /** Lead of the wall clock over the clock of the process, in milliseconds. Small steps back add up in it. */
  #aheadMs = Date.now() - performance.now();

  constructor(secrets: Current<Secrets>) {
    this.#secrets = secrets;
  }

  /** Throws AnnouncementRefused, or what `parse` throws, which receives only signed payloads. */
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

  /** Shifts the known times after the clock went back by more than the tolerance: nodes with the same clock now send earlier times. */
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
