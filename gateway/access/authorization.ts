import type { AuditRecord } from "../audit/mod.ts";
import type { Named } from "./resources.ts";
import { type Access, type Touched, UNLIMITED } from "./roles.ts";

/** Permissions that a call gives to jobs. */
export interface Granting {
  /** What the caller needs to give them. */
  readonly permission: string;
  /** `net`, `secrets`, or `spark.proxy.user`. */
  readonly kind: string;
  readonly values: readonly string[];
}

/** What a use case knows of its caller: what it may touch, and where to tell what it touched. */
export interface Guard extends Access {
  /** Stands for the principal, whichever call it makes; undefined where nobody is asked who calls. */
  readonly caller: string | undefined;
  /**
   * Rejects with PermissionDenied when the caller may not touch these. For names that only the use case finds out, and for what it
   * does beside the call's own permission.
   */
  allow(named: Named, permission?: string): Promise<void>;
  /** Rejects with PermissionDenied when the caller may not grant these. */
  allowGrants(named: Named, grants: readonly Granting[]): Promise<void>;
  /** Adds to what the audit log says of the call. */
  tell(named: Named): void;
}

/** Guards nothing: for a gateway without auth plugins. */
export const OPEN: Guard = {
  ...UNLIMITED,
  caller: undefined,
  allow: async () => {},
  allowGrants: async () => {},
  tell() {},
};

/** Rejects when the caller may not; without a permission, that of the call. */
interface Refusing {
  unlessAllowed(named: Named, permission?: string): Promise<unknown>;
  unlessGrantable(named: Named, grants: readonly Granting[]): Promise<unknown>;
}

/** The guard of one call, which remembers what is to be told of it. */
export class CallGuard implements Guard {
  /** What the call was about, as far as it is known. */
  record: AuditRecord;
  /** Whether it has been refused, and told so, half-way. */
  isRefused = false;
  readonly #access: Access;
  readonly #refuse: Refusing;

  constructor(access: Access, record: AuditRecord, refuse: Refusing) {
    this.#access = access;
    this.record = record;
    this.#refuse = refuse;
  }

  /** Two plugins may know different people by one id. */
  get caller(): string {
    return JSON.stringify([this.record.authenticatedBy, this.record.principal]);
  }

  get isUnlimited(): boolean {
    return this.#access.isUnlimited;
  }

  covers(touched: Touched): boolean {
    return this.#access.covers(touched);
  }

  async allow(named: Named, permission?: string): Promise<void> {
    this.tell(named);
    if (this.isUnlimited && permission === undefined) return;
    this.isRefused = true;
    await this.#refuse.unlessAllowed(named, permission);
    this.isRefused = false;
  }

  async allowGrants(named: Named, grants: readonly Granting[]): Promise<void> {
    this.tell(named);
    this.isRefused = true;
    await this.#refuse.unlessGrantable(named, grants);
    this.isRefused = false;
  }

  tell(named: Named): void {
    const known = Object.entries(named).filter(([, value]) => value !== undefined && value.length > 0);
    this.record = { ...this.record, ...Object.fromEntries(known) };
  }
}
