#define _GNU_SOURCE
#include "COpsSystem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void ops_keep_memory(void) {
    // A list that grows would else be mapped, cleared and unmapped by the kernel at each of its sizes, and the heap's
    // end be given back at each file that was read.
    (void)mallopt(M_MMAP_THRESHOLD, 32 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
    (void)mallopt(M_TOP_PAD, 1 << 20);
}

void ops_expect_memory(size_t size) {
    enum { PAGE = 2 << 20, LARGEST = 512 << 20 };
    if (size > LARGEST) size = LARGEST;
    (void)mallopt(M_TRIM_THRESHOLD, LARGEST);
    (void)mallopt(M_TOP_PAD, (int)size);
    // The heap grows by that much at once: then large pages fit into it.
    uintptr_t start = (uintptr_t)sbrk(0);
    void *volatile piece = malloc(1 << 20);
    free(piece);
    uintptr_t end = (uintptr_t)sbrk(0);
    (void)mallopt(M_TOP_PAD, 1 << 20);
    start = (start + PAGE - 1) / PAGE * PAGE;
    end = end / PAGE * PAGE;
    if (end > start && end - start <= 2 * (size_t)LARGEST) (void)madvise((void *)start, end - start, MADV_HUGEPAGE);
}
