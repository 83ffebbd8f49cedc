import type { AuditRecord } from "../audit/mod.ts";
import type { Named } from "./objects.ts";
import { type Access, type Touched, UNLIMITED } from "./roles.ts";

/** What a use case knows of its caller: what it may touch, and where to tell what it touched. */
export interface Guard extends Access {
  /** Rejects with PermissionDenied when the caller may not touch these. For names that only the use case finds out. */
  allow(named: Named): Promise<void>;
  /** Adds to what the audit log says of the call. */
  tell(named: Named): void;
}

/** Guards nothing: for a gateway without auth plugins. */
export const OPEN: Guard = { ...UNLIMITED, allow: async () => {}, tell() {} };

/** The guard of one call, which remembers what is to be told of it. */
export class CallGuard implements Guard {
  /** What the call was about, as far as it is known. */
  record: AuditRecord;
  /** Whether it has been refused, and told so, half-way. */
  isRefused = false;
  readonly #access: Access;
  readonly #refuseUnlessAllowed: (named: Named) => Promise<unknown>;

  constructor(access: Access, record: AuditRecord, refuseUnlessAllowed: (named: Named) => Promise<unknown>) {
    this.#access = access;
    this.record = record;
    this.#refuseUnlessAllowed = refuseUnlessAllowed;
  }

  get isUnlimited(): boolean {
    return this.#access.isUnlimited;
  }

  covers(touched: Touched): boolean {
    return this.#access.covers(touched);
  }

  async allow(named: Named): Promise<void> {
    this.tell(named);
    if (this.isUnlimited) return;
    this.isRefused = true;
    await this.#refuseUnlessAllowed(named);
    this.isRefused = false;
  }

  tell(named: Named): void {
    const known = Object.entries(named).filter((entry): entry is [keyof Named, string] => Boolean(entry[1]));
    this.record = { ...this.record, ...Object.fromEntries(known) };
  }
}
