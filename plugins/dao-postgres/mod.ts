/**
 * A DAO in a PostgreSQL database: reads through a pool, writes over one connection that commits in groups. For any number of gateways on
 * any number of machines.
 */
import { definePlugin } from "../contract/mod.ts";
import { configSchema } from "./config.ts";
import { startDao } from "./dao.ts";

export default definePlugin({ kind: "dao", name: "postgres", config: configSchema, start: startDao });
