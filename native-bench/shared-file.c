#include "shared-file.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

#include "failure.h"

void *shared_file_map(const char *folder, const char *name, size_t size) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, (off_t)size) != 0) fail_of_system(path);
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) fail_of_system(path);
  close(file);
  /* Whatever a kernel does not know of these, it leaves. */
  madvise(memory, size, MADV_HUGEPAGE);
  madvise(memory, size, MADV_POPULATE_WRITE);
  return memory;
}
