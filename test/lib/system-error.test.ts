import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { systemError } from '../../src/lib/system-error.ts';

test('a failed system call is an Error with the code and number that Node gives its own', () => {
  const error = systemError(constants.errno.ENOSPC, 'mmap', 'a-file') as NodeJS.ErrnoException;
  assert.equal(error.message, 'mmap a-file: ENOSPC');
  assert.deepEqual([error.code, error.errno], ['ENOSPC', -constants.errno.ENOSPC]);
});
