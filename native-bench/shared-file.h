/* A file of a fixed size in memory that processes share. It starts out as zeros. */
#ifndef SHARED_FILE_H
#define SHARED_FILE_H

#include <stddef.h>

/*
 * Makes the file, or takes it as it is, and maps it, ready to be written to: so the product has its
 * files. Ends the program when it cannot.
 */
void *shared_file_map(const char *folder, const char *name, size_t size);

#endif
