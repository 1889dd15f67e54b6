// Random identifiers, UUIDs of version 4: nobody can guess one. They come from the kernel's generator, many read at a time.
// node:crypto makes the same, but with it comes all of Node's use of OpenSSL, 4 MiB and 8 ms in every pod, most of which need
// nothing else of it.
import { closeSync, openSync, readSync } from 'node:fs';

const BYTES_OF_ONE = 16;
const READ_AT_A_TIME = 256;

export const randomId: () => string = randomIds('/dev/urandom');

/** Where the device is not there (Windows), from node:crypto. */
function randomIds(device: string): () => string {
  const random = Buffer.alloc(BYTES_OF_ONE * READ_AT_A_TIME);
  let used = random.length;
  return () => {
    if (used === random.length) {
      fill(random, device);
      used = 0;
    }
    random[used + 6] = (random[used + 6]! & 0x0f) | 0x40;
    random[used + 8] = (random[used + 8]! & 0x3f) | 0x80;
    const hex = random.toString('hex', used, used + BYTES_OF_ONE);
    used += BYTES_OF_ONE;
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
}

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
