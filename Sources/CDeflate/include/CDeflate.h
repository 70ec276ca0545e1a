#ifndef OPS_DEFLATE_H
#define OPS_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

/// Raw deflate (RFC 1951) of streams, one after the other, by several threads.
///
/// A stream is cut into blocks of 256 KiB; each is compressed on its own with the 32 KiB before it as dictionary,
/// and all but the last end at a byte (Z_SYNC_FLUSH). So the bytes depend on content, level and zlib only, never on
/// how many threads there are or how the content arrived. Used by one thread at a time.
struct ops_deflate;

/// Takes compressed bytes, in order, on the thread that calls `write` or `finish`; anything but 0 ends the work.
typedef int (*ops_deflate_sink)(void *context, const void *bytes, size_t count);

/// Nil where there is no memory. Threads start with the first stream of more than one block.
struct ops_deflate *ops_deflate_new(int level, unsigned threads, ops_deflate_sink sink, void *context);

/// 0, or -1 where the sink refused or there is no memory.
int ops_deflate_write(struct ops_deflate *deflate, const void *bytes, size_t count);

/// Ends the stream and gives the CRC-32 of its content (RFC 1952 §8); the next write starts another one.
int ops_deflate_finish(struct ops_deflate *deflate, uint32_t *crc);

/// Ends the threads.
void ops_deflate_free(struct ops_deflate *deflate);

#endif
