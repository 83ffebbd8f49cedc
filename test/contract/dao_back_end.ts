import type { Dao } from "../../plugins/contract/mod.ts";

/** The back end of a DAO. Disposed after the DAOs that were opened on it. */
export interface DaoBackEnd extends AsyncDisposable {
  /** Opens a DAO on the back end; several may be open at a time when its DAOs are `shared`. */
  open(): Promise<Dao>;
}

/** Opens a second DAO on the back end; where only one is possible, returns the first again. */
export async function openOther(backEnd: DaoBackEnd, first: Dao): Promise<Dao> {
  if (first.capabilities.shared) return backEnd.open();
  // The first one is disposed by its owner.
  return { ...first, async [Symbol.asyncDispose]() {} };
}
