import type { AuditRecord } from "../audit/mod.ts";
import type { ResourceNames } from "./resources.ts";
import { type Access, type Touched, UNLIMITED } from "./roles.ts";

/** Permissions that a call grants to jobs. */
export interface Granting {
  /** Permission that the caller needs for it. */
  readonly permission: string;
  /** `net`, `secrets`, or `spark.proxy.user`. */
  readonly kind: string;
  readonly values: readonly string[];
}

/** The authorization of a caller, for use cases: checks resources, and adds them to the audit entry. */
export interface Authorization extends Access {
  /** Identifies the principal over all its calls. Undefined without authentication. */
  readonly caller: string | undefined;
  /**
   * Rejects with PermissionDenied when the caller may not access these resources. For names that only the use case finds out, and for
   * further permissions.
   */
  allow(named: ResourceNames, permission?: string): Promise<void>;
  /** Rejects with PermissionDenied when the caller may not grant these. */
  allowGrants(named: ResourceNames, grants: readonly Granting[]): Promise<void>;
  /** Adds resources to the audit entry of the call. */
  addResources(named: ResourceNames): void;
}

/** Permits everything: for a gateway without auth plugins. */
export const OPEN: Authorization = {
  ...UNLIMITED,
  caller: undefined,
  allow: async () => {},
  allowGrants: async () => {},
  addResources() {},
};

/** Rejects when the caller is not authorized. The default permission is that of the call. */
interface Refusing {
  unlessAllowed(named: ResourceNames, permission?: string): Promise<unknown>;
  unlessGrantable(named: ResourceNames, grants: readonly Granting[]): Promise<unknown>;
}

/** The authorization of one call, with its audit entry. */
export class CallAuthorization implements Authorization {
  /** The audit entry, as far as it is known. */
  record: AuditRecord;
  /** Whether the call was refused in progress, and is recorded as such. */
  isRefused = false;
  readonly #access: Access;
  readonly #refuse: Refusing;

  constructor(access: Access, record: AuditRecord, refuse: Refusing) {
    this.#access = access;
    this.record = record;
    this.#refuse = refuse;
  }

  /** Two plugins may use one id for different principals. */
  get caller(): string {
    return JSON.stringify([this.record.authenticatedBy, this.record.principal]);
  }

  get isUnlimited(): boolean {
    return this.#access.isUnlimited;
  }

  covers(touched: Touched): boolean {
    return this.#access.covers(touched);
  }

  async allow(named: ResourceNames, permission?: string): Promise<void> {
    this.addResources(named);
    if (this.isUnlimited && permission === undefined) return;
    this.isRefused = true;
    await this.#refuse.unlessAllowed(named, permission);
    this.isRefused = false;
  }

  async allowGrants(named: ResourceNames, grants: readonly Granting[]): Promise<void> {
    this.addResources(named);
    this.isRefused = true;
    await this.#refuse.unlessGrantable(named, grants);
    this.isRefused = false;
  }

  addResources(named: ResourceNames): void {
    const known = Object.entries(named).filter(([, value]) => value !== undefined && value.length > 0);
    this.record = { ...this.record, ...Object.fromEntries(known) };
  }
}
