import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";

/** Duration of a job that is not final. */
export const NOT_DONE = "Job not done yet";

/** `2016-06-19T16:27:12.196+05:30` in the server's time zone, `…Z` when that is UTC. */
export function localTime(time: Timestamp | undefined): string {
  return formatLocal(time === undefined ? 0 : timestampMs(time));
}

/** `2013-05-29T00:00:00.000Z`. */
export function utcTime(time: Timestamp | undefined): string {
  return new Date(time === undefined ? 0 : timestampMs(time)).toISOString();
}

/** Milliseconds since 1970 as `localTime` writes them. `offsetMinutes` is that of the time zone, east positive. */
export function formatLocal(ms: number, offsetMinutes = -new Date(ms).getTimezoneOffset()): string {
  const shifted = new Date(ms + offsetMinutes * 60_000).toISOString();
  if (offsetMinutes === 0) return shifted;
  const minutes = Math.abs(offsetMinutes);
  const [hour, minute] = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0"));
  return `${shifted.slice(0, -1)}${offsetMinutes < 0 ? "-" : "+"}${hour}:${minute}`;
}

/** `6.341 secs`, with the number as Java prints it, or that the job is not done. */
export function formatDuration(start: Timestamp | undefined, end: Timestamp | undefined): string {
  if (start === undefined || end === undefined) return NOT_DONE;
  return `${javaDouble(Math.max(timestampMs(end) - timestampMs(start), 0) / 1000)} secs`;
}

/** `Double.toString` for numbers from 0.001: always with a fraction, with an exponent from ten million on. */
export function javaDouble(value: number): string {
  if (value >= 1e7) {
    const [digits = "", exponent = ""] = value.toExponential().split("e+");
    return `${digits.includes(".") ? digits : `${digits}.0`}E${exponent}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
