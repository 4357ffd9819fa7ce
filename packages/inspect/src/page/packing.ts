/**
 * Bytes as text that HTML leaves alone.
 */

/** Eleven digits of base 94, which HTML leaves alone in a script, hold nine bytes: 94¹¹ is a little more than 256⁹. */
export function unpacked(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array((text.length / 11) * 9);
  for (let from = 0, to = 0; from < text.length; from += 11, to += 9) {
    let number = 0n;
    for (let i = 0; i < 11; i++) {
      const code = text.charCodeAt(from + i) - 32;
      // All that can be printed but "<", whose place the last sign takes.
      number = number * 94n + BigInt(code === 94 ? 28 : code);
    }
    for (let i = 8; i >= 0; i--) {
      bytes[to + i] = Number(number & 255n);
      number >>= 8n;
    }
  }
  // The first byte tells how many at the end are none.
  return bytes.subarray(1, bytes.length - bytes[0]!);
}
