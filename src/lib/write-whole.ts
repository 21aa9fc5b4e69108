import { writeSync } from 'node:fs';

/** All of it, however little a write takes. Throws what the file system throws, ENOSPC for one. */
export function writeWhole(file: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file, bytes, done, bytes.length - done, at + done);
  }
}
