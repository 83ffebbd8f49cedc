import {
  type LogLine,
  LogLine_Level,
  NamedObject,
  type Progress,
  type Stage,
  Stage_State,
} from "../../../proto/node.ts";
import type { DriverMessage } from "../protocol/driver_protocol.ts";

type ReportedProgress = Extract<DriverMessage, { type: "progress" }>;
type ReportedLine = Extract<DriverMessage, { type: "log" }>["lines"][number];
type ReportedObject = Extract<DriverMessage, { type: "objects" }>["objects"][number];

const STAGE_STATE = {
  PENDING: Stage_State.PENDING,
  ACTIVE: Stage_State.ACTIVE,
  COMPLETE: Stage_State.COMPLETE,
  FAILED: Stage_State.FAILED,
  SKIPPED: Stage_State.SKIPPED,
} as const;

const LEVEL = {
  DEBUG: LogLine_Level.DEBUG,
  INFO: LogLine_Level.INFO,
  WARN: LogLine_Level.WARN,
  ERROR: LogLine_Level.ERROR,
} as const;

/** The end of the year 9999, the latest time that a protobuf timestamp can hold. */
const LAST_TIME_MS = 253_402_300_799_999;

const LARGEST_UINT32 = 2 ** 32 - 1;

export function progressOf({ fraction, message, stages }: ReportedProgress): Progress {
  return { fraction, message, stages: stages.map(stageOf), fields: undefined };
}

/** The caller sets `number` and `attempt`. */
export function lineOf({ time, level, text }: ReportedLine, executor: number): LogLine {
  return { number: 0, attempt: 0, executor, level: LEVEL[level], text, time: dateOf(time) };
}

export function objectOf(object: ReportedObject): NamedObject {
  const { name, kind, storageLevel, partitions, cachedPartitions, memoryBytes, diskBytes, createTime } = object;
  return NamedObject.create({
    ...{ name, kind, storageLevel, memoryBytes, diskBytes },
    partitions: uint32(partitions),
    cachedPartitions: uint32(cachedPartitions),
    sizeBytes: Math.min(memoryBytes + diskBytes, Number.MAX_SAFE_INTEGER),
    createTime: dateOf(createTime),
  });
}

function stageOf(stage: ReportedProgress["stages"][number]): Stage {
  const { inputBytes, outputBytes, shuffleReadBytes, shuffleWriteBytes, executorRunMs, submitTime, endTime } = stage;
  return {
    ...{ name: stage.name, failure: stage.failure, state: STAGE_STATE[stage.state] },
    ...{ inputBytes, outputBytes, shuffleReadBytes, shuffleWriteBytes },
    id: uint32(stage.id),
    attempt: uint32(stage.attempt),
    tasks: uint32(stage.tasks),
    completedTasks: uint32(stage.completedTasks),
    failedTasks: uint32(stage.failedTasks),
    runningTasks: uint32(stage.runningTasks),
    executorTimeMs: Math.min(executorRunMs, LAST_TIME_MS),
    submitTime: submitTime === 0 ? undefined : dateOf(submitTime),
    endTime: endTime === 0 ? undefined : dateOf(endTime),
  };
}

function dateOf(time: number): Date {
  return new Date(Math.min(time, LAST_TIME_MS));
}

function uint32(count: number): number {
  return Math.min(count, LARGEST_UINT32);
}
