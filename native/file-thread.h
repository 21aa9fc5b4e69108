/*
 * A thread for what a file system may take its time for: to reserve the room of a file, to make its
 * pages ready, to give back what was not used. libuv has threads for such things, but each tells
 * of its end while it holds the lock that whoever is told needs: where both share a processor it is
 * preempted right there, and the loop waits for it to get its turn again, up to 7 ms. This one
 * holds no lock, and goes from job to job without the loop.
 */
#ifndef FILE_THREAD_H
#define FILE_THREAD_H

#include <node_api.h>

/*
 * Defines `fileThread(onDone)`: an object with functions that each give the thread a job, and
 * `stop()`. Jobs are done in the order in which they were given, and `onDone(errno, address)` is
 * called for each in that order.
 *
 * - `make(path, sizeBytes, writtenBytes, [readyBytes, bytesAtOnce])`: creates the file (mode 0600),
 *   reserves its room, writes so many zeros in large pieces, and maps it: `address` is a bigint.
 *   After that, when no job is waiting, so many of its bytes are made ready to be written, and
 *   others are let have the processor after each piece.
 * - `end(address, sizeBytes, keptBytes, [path, newPath])`: unmaps, if `address` is not 0; cuts the
 *   file to what is kept of it, and gives it its new name. ENOENT: it is not there any more.
 * - `stop()`: after the last `onDone`.
 */
void file_thread_define(napi_env env, napi_value exports);

#endif
