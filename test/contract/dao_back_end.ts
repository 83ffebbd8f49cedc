import type { Dao } from "../../plugins/contract/mod.ts";

/** What a DAO stores into. Disposed after the DAOs that were opened on it. */
export interface DaoBackEnd extends AsyncDisposable {
  /** Opens a DAO on the back end; several may be open at a time. */
  open(): Promise<Dao>;
}
