/** Bytes from several places put one after the other; grows as it must, and is used again. */
export class GatheredBytes {
  bytes = Buffer.alloc(1024);
  length = 0;

  /** The bytes of a source from `start` to `end`. */
  append(source: Buffer, start: number, end: number): void {
    this.#makeRoom(end - start);
    const { bytes } = this;
    let to = this.length;
    // Short ones without a call into the runtime.
    if (end - start > 60) source.copy(bytes, to, start, end);
    else for (let at = start; at < end; at += 1, to += 1) bytes[to] = source[at] as number;
    this.length += end - start;
  }

  appendByte(byte: number): void {
    this.#makeRoom(1);
    this.bytes[this.length] = byte;
    this.length += 1;
  }

  equals(other: GatheredBytes): boolean {
    const { bytes, length } = this;
    if (length !== other.length) return false;
    const others = other.bytes;
    for (let at = 0; at < length; at += 1) if (bytes[at] !== others[at]) return false;
    return true;
  }

  #makeRoom(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = Buffer.alloc((this.length + count) * 2);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
