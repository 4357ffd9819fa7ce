/** Safetensors files put together by hand, right ones and wrong ones. */

/** A file with this header and as many bytes of data; `padded` to a multiple of 8 as writers do. */
export function file(header: string | Uint8Array, data: Uint8Array | number = 0): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + text.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(body, 8 + text.length);
  return bytes;
}

/** The text of an entry. */
export function entry(
  dtype: string,
  shape: readonly number[],
  offsets: readonly [number, number],
): string {
  return JSON.stringify({ dtype, shape, data_offsets: offsets });
}
