import {
  AuditService,
  BinaryService,
  ContextService,
  DataService,
  JobService,
  NodeService,
} from "../../../proto/mod.ts";
import type { Core } from "../../core.ts";
import { type ServedService, serveService } from "../invoke.ts";
import { createAuditService } from "./audit_service.ts";
import { createBinaryService } from "./binary_service.ts";
import { createContextService } from "./context_service.ts";
import { createDataService } from "./data_service.ts";
import { createJobService } from "./job_service.ts";
import { createNodeService } from "./node_service.ts";

/** Names of the public services. */
export const SERVICE_NAMES: ReadonlySet<string> = new Set(
  [BinaryService, ContextService, JobService, DataService, NodeService, AuditService].map(({ typeName }) => typeName),
);

/** The public services, each with its implementation. */
export function createServices(core: Core): ServedService[] {
  return [
    serveService(BinaryService, createBinaryService(core)),
    serveService(ContextService, createContextService(core)),
    serveService(JobService, createJobService(core)),
    serveService(DataService, createDataService(core)),
    serveService(NodeService, createNodeService(core)),
    serveService(AuditService, createAuditService(core)),
  ];
}
