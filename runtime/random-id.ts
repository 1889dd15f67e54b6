// Random identifiers, which nobody can guess: UUIDs of version 4, and plain hexadecimal digits. They come from the kernel's
// generator, many read at a time. node:crypto makes the same, but with it comes all of Node's use of OpenSSL, 4 MiB and 8 ms in every
// pod, most of which need nothing else of it.
import { closeSync, openSync, readSync } from 'node:fs';

const STOCK_BYTES = 4096;
const UUID_BYTES = 16;

/** Bytes read ahead, each given away once. */
class Stock {
  readonly bytes = Buffer.alloc(STOCK_BYTES);
  readonly #device: string;
  #used = STOCK_BYTES;

  constructor(device: string) {
    this.#device = device;
  }

  /** Where the next `count` bytes begin. */
  take(count: number): number {
    if (this.#used + count > STOCK_BYTES) {
      fill(this.bytes, this.#device);
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += count;
    return at;
  }
}

const stock = new Stock('/dev/urandom');

/** A UUID of version 4: 122 random bits. */
export function randomId(): string {
  const at = stock.take(UUID_BYTES);
  const { bytes } = stock;
  bytes[at + 6] = (bytes[at + 6]! & 0x0f) | 0x40;
  bytes[at + 8] = (bytes[at + 8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex', at, at + UUID_BYTES);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Two digits a byte, lower case; at most 256 bytes. */
export function randomHex(bytes: number): string {
  const at = stock.take(bytes);
  return stock.bytes.toString('hex', at, at + bytes);
}

/** Where the device is not there (Windows), from node:crypto. */
function fill(random: Buffer, device: string): void {
  if (process.platform === 'win32') {
    process.getBuiltinModule('node:crypto').randomFillSync(random);
    return;
  }
  const file = openSync(device, 'r');
  try {
    let filled = 0;
    while (filled < random.length) filled += readSync(file, random, filled, random.length - filled, null);
  } finally {
    closeSync(file);
  }
}
