/**
 * The cyclic redundancy check of zip and PNG: polynomial 0x04C11DB7, bits in reverse.
 */

/** tables[k][b]: what the byte b, with k bytes behind it, adds to the remainder. Four bytes are taken at a time. */
const tables: readonly Int32Array[] = makeTables();

function makeTables(): Int32Array[] {
  const first = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) {
      remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
    }
    first[byte] = remainder;
  }
  const all = [first];
  for (let k = 1; k < 4; k++) {
    all.push(all[k - 1]!.map((remainder) => (remainder >>> 8) ^ first[remainder & 255]!));
  }
  return all;
}

/** The check of some bytes, or of what gave `before` with these bytes behind it. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3] = tables as [Int32Array, Int32Array, Int32Array, Int32Array];
  const { length } = bytes;
  const whole = length - (length % 4);
  let crc = ~before;
  let i = 0;
  for (; i < whole; i += 4) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc = t3[crc & 255]! ^ t2[(crc >>> 8) & 255]! ^ t1[(crc >>> 16) & 255]! ^ t0[crc >>> 24]!;
  }
  for (; i < length; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]!) & 255]!;
  return ~crc >>> 0;
}
