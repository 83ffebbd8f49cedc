import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { Context_State, ContextSchema, Job_State } from "../../../proto/mod.ts";
import { contextStatus, statesOf } from "./states.ts";

test.each([
  ["RUNNING", [Job_State.QUEUED, Job_State.RUNNING, Job_State.CANCELLING]],
  ["finished", [Job_State.SUCCEEDED]],
  ["Error", [Job_State.FAILED, Job_State.REJECTED]],
  ["KILLED", [Job_State.CANCELLED]],
  // Only in the response to a submission. A job of Hearth is never restarting.
  ["STARTED", []],
  ["RESTARTING", []],
  ["QUEUED", []],
  ["", []],
])("status=%s filters the states %j", (status, states) => {
  expect(statesOf(status)).toEqual(states);
});

test.each([
  ["STARTED", Context_State.STARTING, false],
  ["RUNNING", Context_State.RUNNING, true],
  ["RESTARTING", Context_State.RESTARTING, true],
  ["STOPPING", Context_State.STOPPING, true],
  ["FINISHED", Context_State.STOPPED, true],
  ["KILLED", Context_State.FAILED, true],
  ["ERROR", Context_State.FAILED, false],
])("a context is %s in state %d if hasRun is %s", (status, state, hasRun) => {
  const startTime = hasRun ? timestampNow() : undefined;
  expect(contextStatus(create(ContextSchema, { state, startTime }))).toBe(status);
});
