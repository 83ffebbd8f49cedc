import pg from "pg";
import { expect, test } from "vitest";
import { stateOf } from "./unavailable.ts";

function answered(code: string): Error {
  return Object.assign(new pg.DatabaseError("answered", 1, "error"), { code });
}

function coded(code: string, Of: new (message: string) => Error = Error): Error {
  return Object.assign(new Of("failed"), { code });
}

test.each([
  ["a wrong password", answered("28P01"), "denied"],
  ["a missing database", answered("3D000"), "denied"],
  ["a full disk", answered("53100"), "full"],
  ["a constraint", answered("23505"), undefined],
  ["a refused connection", coded("ECONNREFUSED"), "away"],
  ["a stream that was cut", coded("ERR_STREAM_DESTROYED"), "away"],
  ["a self-signed certificate", coded("DEPTH_ZERO_SELF_SIGNED_CERT"), "denied"],
  ["a certificate of another issuer", coded("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "denied"],
  ["a certificate for another host", coded("ERR_TLS_CERT_ALTNAME_INVALID"), "denied"],
  ["an error of OpenSSL", coded("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA"), "denied"],
  ["a socket that may not be opened", coded("EACCES"), "denied"],
  ["a server without TLS", new Error("The server does not support SSL connections"), "denied"],
  ["a missing password", new Error("SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string"), "denied"],
  ["a cut connection", new Error("Connection terminated unexpectedly"), "away"],
  ["a TypeError with a code", coded("ERR_INVALID_ARG_TYPE", TypeError), undefined],
  ["an error of ours", new Error('Cannot read column "message" of the database: it holds no bytes'), undefined],
  ["a bug", new TypeError("x is undefined"), undefined],
])("stateOf() %s", (_what, error, state) => {
  expect(stateOf(error)).toBe(state);
});
