import type { Dao } from "../../plugins/contract/mod.ts";

/** What a DAO stores into. Disposed after the DAOs that were opened on it. */
export interface DaoBackEnd extends AsyncDisposable {
  /** Opens a DAO on the back end; several may be open at a time when its DAOs are `shared`. */
  open(): Promise<Dao>;
}

/** Opens a second DAO on the back end; where there can be no second, answers the first once more. */
export async function openOther(backEnd: DaoBackEnd, first: Dao): Promise<Dao> {
  if (first.capabilities.shared) return backEnd.open();
  // Whoever opened the first disposes it.
  return { ...first, async [Symbol.asyncDispose]() {} };
}
