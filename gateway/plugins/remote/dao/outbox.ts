import type { OutboxStore } from "../../../../plugins/contract/mod.ts";
import { DaoService } from "../../../../proto/remote_plugin.ts";
import { defined } from "../connection.ts";
import type { DaoCalls } from "./calls.ts";

const { method } = DaoService;

export function createOutboxStore({ read, write }: DaoCalls): OutboxStore {
  return {
    async list({ limit, after }) {
      const { events } = await read(method.listOutboxEvents, { limit, ...defined({ after }) });
      return events.map(({ id, subject, payload }) => ({ id, subject, payload }));
    },
    async delete(ids) {
      return ids.length === 0 ? 0 : (await write("deleteOutboxEvents", { ids: [...ids] })).count;
    },
  };
}
