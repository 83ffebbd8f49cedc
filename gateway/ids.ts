import { randomFillSync } from "node:crypto";
import { v7 as uuidv7 } from "uuid";

const ID_BYTES = 16;

/** Ids per request for random bytes: one request costs more than an id. */
const pool = new Uint8Array(256 * ID_BYTES);
let used = pool.length;

let lastMs = 0;
let lastSeq = 0;

/** Largest initial `seq` of a UUID of version 7, of 32 bits: it leaves room to count within one millisecond. */
const SEQ_MASK = 0x7fffffff;

/** Returns a UUID of version 7, greater than all earlier ones of this process (RFC 9562, section 6.2, method 1). */
export function newId(): string {
  const random = takeRandom();
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    lastSeq = new DataView(random.buffer, random.byteOffset).getUint32(6) & SEQ_MASK;
  } else {
    lastSeq += 1;
  }
  return uuidv7({ random, msecs: lastMs, seq: lastSeq });
}

function takeRandom(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += ID_BYTES;
  return pool.subarray(used - ID_BYTES, used);
}
