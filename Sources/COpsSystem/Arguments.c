#include "COpsSystem.h"

static int count;
static char **arguments;

// glibc and dyld give a constructor what main gets. Swift's own CommandLine reads /proc, which a bare chroot or an
// early boot does not have.
__attribute__((constructor)) static void keep_arguments(int argc, char **argv) {
    count = argc;
    arguments = argv;
}

int ops_argument_count(void) { return count; }

const char *ops_argument(int index) { return index < 0 || index >= count ? NULL : arguments[index]; }
