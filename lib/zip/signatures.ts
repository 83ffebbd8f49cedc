/** Signatures of records, by APPNOTE.TXT of PKWARE. */
export const SIGNATURE = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
};

/** Whether the bytes begin with a local header, or with the end record of an empty archive. */
export function isZip(content: Uint8Array): boolean {
  const signature = content.length >= 4 ? viewOf(content).getUint32(0, true) : 0;
  return signature === SIGNATURE.local || signature === SIGNATURE.end;
}

export function viewOf(content: Uint8Array): DataView {
  return new DataView(content.buffer, content.byteOffset, content.byteLength);
}
