#include "CLibArchive.h"
void clibarchive_stub(void) {}
