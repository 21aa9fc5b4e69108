/*
 * A thread for what a file system may take its time for: to reserve the room of a file, to make its
 * pages ready, to give back what was not used. libuv has threads for such things, but each tells
 * of its end while it holds the lock that whoever is told needs: where both share a processor it is
 * preempted right there, and the loop waits for it to get its turn again, up to 7 ms. This one
 * holds no lock, and tells seldom.
 */
#ifndef FILE_THREAD_H
#define FILE_THREAD_H

#include <node_api.h>

/*
 * Defines `fileThread(onDone)`: an object with functions that each give the thread a job, and
 * `stop()`. One job at a time: the next may be given when `onDone(errno, address)` was called.
 *
 * - `make(path, sizeBytes, writtenBytes)`: creates the file (mode 0600), reserves its room, writes
 *   so many zeros in large pieces, and maps it: `address` is a bigint.
 * - `populate(address, byteCount, bytesAtOnce)`: makes mapped pages ready to be written, and lets
 *   others have the processor after each piece.
 * - `end(address, sizeBytes, keptBytes, [path, newPath])`: unmaps, if `address` is not 0; cuts the
 *   file to what is kept of it, and gives it its new name. ENOENT: it is not there any more.
 * - `stop()`: no job may be under way.
 */
void file_thread_define(napi_env env, napi_value exports);

#endif
