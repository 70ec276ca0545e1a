#include "COpsSystem.h"
void csystem_stub(void) {}
