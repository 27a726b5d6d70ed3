/** The bytes of a key-encryption key for tests: for each number another. */
export function keyBytes(number = 0): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => number + index);
}

/** The same as the service is told it. */
export function keyText(number = 0): string {
  return Buffer.from(keyBytes(number)).toString("base64url");
}
