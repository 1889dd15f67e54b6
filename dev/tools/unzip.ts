// Takes single files out of a zip archive with what Node has (zlib), because a fresh Debian has no `unzip`.
// Reads the central directory, so sizes are right even where local headers leave them open. No zip64, no encryption.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;

function read(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const count = readSync(file, bytes, done, length - done, position + done);
    if (count === 0) throw new Error('the zip archive ends too early');
    done += count;
  }
  return bytes;
}

function directoryOf(file: number): Buffer {
  const size = fstatSync(file).size;
  const tail = read(file, Math.max(0, size - 65_557), Math.min(size, 65_557));
  for (let at = tail.length - 22; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END_OF_DIRECTORY) continue;
    return read(file, tail.readUInt32LE(at + 16), tail.readUInt32LE(at + 12));
  }
  throw new Error('not a zip archive: no end of central directory');
}

/** The contents of the entries for which `wanted` answers true, by entry name. */
export function unzip(path: string, wanted: (name: string) => boolean): Map<string, Buffer> {
  const file = openSync(path, 'r');
  try {
    const found = new Map<string, Buffer>();
    const directory = directoryOf(file);
    let at = 0;
    while (at + 46 <= directory.length && directory.readUInt32LE(at) === DIRECTORY_ENTRY) {
      const nameLength = directory.readUInt16LE(at + 28);
      const name = directory.toString('utf8', at + 46, at + 46 + nameLength);
      if (wanted(name)) {
        const local = directory.readUInt32LE(at + 42);
        const header = read(file, local, 30);
        const start = local + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
        const packed = read(file, start, directory.readUInt32LE(at + 20));
        found.set(name, directory.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed));
      }
      at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    }
    return found;
  } finally {
    closeSync(file);
  }
}
