/** What a driver did against the protocol between it and the node. It ends the driver, and never the node. */
export class Violation extends Error {
  override readonly name = "Violation";
}
