/**
 * Entry point of the process that is the ClickHouse server: `node clickhouse-child.ts <libchdb.so>
 * <argument>...`. The library's `query_stable_v2` is the main function of `clickhouse local`. It
 * returns only when its queries are done or have failed; the first signal ends the process.
 *
 * ffi-rs makes the call on the stack of this thread. koffi switches to a stack of its own, which
 * ClickHouse's check of the stack's bounds refuses.
 */
import { writeSync } from 'node:fs';
import { createExternalBuffer, DataType, isNullPointer, load, open } from 'ffi-rs';

const [path = '', ...args] = process.argv.slice(2);
const argv = ['clickhouse', ...args];

open({ library: 'chdb', path });
const result = load({
  library: 'chdb',
  funcName: 'query_stable_v2',
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [argv.length, argv],
  // struct local_result_v2 of chdb.h
  retType: {
    buffer: DataType.External,
    lengthBytes: DataType.U64,
    ownedBuffer: DataType.External,
    elapsedSeconds: DataType.Double,
    rowsRead: DataType.U64,
    bytesRead: DataType.U64,
    errorMessage: DataType.External,
  },
});

writeSync(2, isNullPointer(result.errorMessage) ? 'the queries ended' : errorText());
process.exit(1);

/** A C string: read byte by byte, because nothing tells its length. */
function errorText(): string {
  const bytesMax = 4_096;
  for (let length = 1; length <= bytesMax; length++) {
    const bytes = createExternalBuffer(result.errorMessage, length);
    if (bytes[length - 1] === 0) return bytes.toString('utf8', 0, length - 1);
  }
  return createExternalBuffer(result.errorMessage, bytesMax).toString('utf8');
}
