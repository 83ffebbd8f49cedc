import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import { requestInvalid } from "../../proto/errors.ts";

/** The most that a duration may have (google/protobuf/duration.proto): ten thousand years. */
const MOST_SECONDS = 315_576_000_000n;

/**
 * Makes the function that throws InvalidArgument for a request with a duration that is none. Protobuf's encoding takes any two
 * numbers for one; JSON cannot say it, so that nobody could list any more what was recorded with it.
 */
export function createDurationCheck(desc: DescMessage): (request: Message) => void {
  const paths = findDurations(desc, []);
  return (request) => {
    const path = paths.find((each) => isMalformed(valueAt(request, each)));
    if (path === undefined) return;
    const name = path.map((field) => field.name).join(".");
    throw requestInvalid(`${name}: must have at most ${MOST_SECONDS} seconds, and seconds and nanos of one sign`);
  };
}

/** Of the message itself, and of messages of ours that are single fields of it. */
function findDurations(desc: DescMessage, outer: readonly DescField[]): (readonly DescField[])[] {
  return desc.fields.flatMap((field) => {
    if (field.fieldKind !== "message") return [];
    const path = [...outer, field];
    if (field.message.typeName === DurationSchema.typeName) return [path];
    const isOurs = field.message.file.proto.package === desc.file.proto.package;
    return isOurs && !outer.includes(field) ? findDurations(field.message, path) : [];
  });
}

/** Without reflection, which costs more than the rules do. */
function valueAt(request: Message, path: readonly DescField[]): Duration | undefined {
  let value: unknown = request;
  for (const { localName } of path) value = (value as Readonly<Record<string, unknown>> | undefined)?.[localName];
  return value as Duration | undefined;
}

function isMalformed(duration: Duration | undefined): boolean {
  if (duration === undefined) return false;
  const { seconds, nanos } = duration;
  const isFar = seconds > MOST_SECONDS || seconds < -MOST_SECONDS || Math.abs(nanos) > 999_999_999;
  return isFar || (seconds > 0n && nanos < 0) || (seconds < 0n && nanos > 0);
}
