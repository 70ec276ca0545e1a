#include "CDeflate.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { BLOCK = 1 << 18, WINDOW = 1 << 15, CAPACITY = BLOCK + BLOCK / 64 + 1024, MOST_THREADS = 64 };

struct block {
    unsigned char *input; // the dictionary, then the content
    unsigned char *output;
    size_t dictionary, count, size;
    uint32_t crc;
    bool is_last, is_done, has_failed;
};

struct ops_deflate {
    ops_deflate_sink sink;
    void *context;
    int level;
    unsigned threads, started, slots;
    pthread_t thread[MOST_THREADS];
    struct block *blocks;        // a ring
    uint64_t filled, taken, drained; // blocks so far: handed over, begun, given to the sink
    uint32_t crc;
    z_stream own; // of the caller, where there is no thread
    bool has_own, has_begun, is_ending;
    pthread_mutex_t mutex; // guards taken, filled, is_done, is_ending
    pthread_cond_t work, done;
};

static bool open_stream(z_stream *stream, int level) {
    memset(stream, 0, sizeof *stream);
    return deflateInit2(stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK;
}

static void compress_block(z_stream *stream, struct block *block) {
    const unsigned char *content = block->input + block->dictionary;
    block->has_failed = deflateReset(stream) != Z_OK;
    if (!block->has_failed && block->dictionary)
        block->has_failed = deflateSetDictionary(stream, block->input, (uInt)block->dictionary) != Z_OK;
    stream->next_in = (unsigned char *)content;
    stream->avail_in = (uInt)block->count;
    stream->next_out = block->output;
    stream->avail_out = CAPACITY;
    int result = block->has_failed ? Z_STREAM_ERROR : deflate(stream, block->is_last ? Z_FINISH : Z_SYNC_FLUSH);
    block->has_failed = result != (block->is_last ? Z_STREAM_END : Z_OK) || stream->avail_in || !stream->avail_out;
    block->size = CAPACITY - stream->avail_out;
    block->crc = (uint32_t)crc32_z(0, content, block->count);
}

static void *run(void *context) {
    struct ops_deflate *deflate = context;
    z_stream stream;
    bool is_open = open_stream(&stream, deflate->level);
    pthread_mutex_lock(&deflate->mutex);
    for (;;) {
        while (deflate->taken == deflate->filled && !deflate->is_ending)
            pthread_cond_wait(&deflate->work, &deflate->mutex);
        if (deflate->is_ending) break;
        struct block *block = &deflate->blocks[deflate->taken++ % deflate->slots];
        pthread_mutex_unlock(&deflate->mutex);
        if (is_open) compress_block(&stream, block);
        else block->has_failed = true;
        pthread_mutex_lock(&deflate->mutex);
        block->is_done = true;
        pthread_cond_signal(&deflate->done);
    }
    pthread_mutex_unlock(&deflate->mutex);
    if (is_open) deflateEnd(&stream);
    return NULL;
}

static void start_threads(struct ops_deflate *deflate) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1 << 18);
    // Signals are for the threads that wait for them.
    sigset_t all, caller;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &caller);
    while (deflate->started < deflate->threads
           && pthread_create(&deflate->thread[deflate->started], &attributes, run, deflate) == 0)
        deflate->started++;
    pthread_sigmask(SIG_SETMASK, &caller, NULL);
    pthread_attr_destroy(&attributes);
    // Where the system gives no thread the caller compresses.
    deflate->threads = deflate->started;
}

struct ops_deflate *ops_deflate_new(int level, unsigned threads, ops_deflate_sink sink, void *context) {
    struct ops_deflate *deflate = calloc(1, sizeof *deflate);
    if (!deflate) return NULL;
    deflate->sink = sink;
    deflate->context = context;
    deflate->level = level;
    deflate->threads = threads < 2 ? 0 : threads > MOST_THREADS ? MOST_THREADS : threads;
    deflate->slots = deflate->threads + 2;
    pthread_mutex_init(&deflate->mutex, NULL);
    pthread_cond_init(&deflate->work, NULL);
    pthread_cond_init(&deflate->done, NULL);
    deflate->blocks = calloc(deflate->slots, sizeof *deflate->blocks);
    if (deflate->blocks) return deflate;
    ops_deflate_free(deflate);
    return NULL;
}

/// The block that is being filled.
static struct block *current(struct ops_deflate *deflate) {
    struct block *block = &deflate->blocks[deflate->filled % deflate->slots];
    if (!block->input) block->input = malloc(WINDOW + BLOCK);
    if (!block->output) block->output = malloc(CAPACITY);
    return block->input && block->output ? block : NULL;
}

/// Gives the oldest block to the sink.
static int drain(struct ops_deflate *deflate) {
    struct block *block = &deflate->blocks[deflate->drained % deflate->slots];
    pthread_mutex_lock(&deflate->mutex);
    while (!block->is_done) pthread_cond_wait(&deflate->done, &deflate->mutex);
    pthread_mutex_unlock(&deflate->mutex);
    deflate->drained++;
    if (block->has_failed) return -1;
    deflate->crc = (uint32_t)crc32_combine(deflate->crc, block->crc, (z_off_t)block->count);
    return deflate->sink(deflate->context, block->output, block->size) == 0 ? 0 : -1;
}

/// Hands the current block over. Alone in its stream it is compressed here.
static int submit(struct ops_deflate *deflate, struct block *block, bool is_last) {
    block->is_last = is_last;
    block->is_done = false;
    bool is_alone = is_last && deflate->filled == deflate->drained;
    if (!is_alone && deflate->threads && !deflate->started) start_threads(deflate);
    if (is_alone || !deflate->threads) {
        if (!deflate->has_own && !(deflate->has_own = open_stream(&deflate->own, deflate->level))) return -1;
        compress_block(&deflate->own, block);
        block->is_done = true;
        pthread_mutex_lock(&deflate->mutex);
        deflate->filled++;
        deflate->taken++;
        pthread_mutex_unlock(&deflate->mutex);
        return drain(deflate);
    }
    pthread_mutex_lock(&deflate->mutex);
    deflate->filled++;
    pthread_cond_signal(&deflate->work);
    pthread_mutex_unlock(&deflate->mutex);
    return 0;
}

/// The next block starts with the end of this one as its dictionary.
static struct block *advance(struct ops_deflate *deflate, struct block *full) {
    if (submit(deflate, full, false) != 0) return NULL;
    if (deflate->filled - deflate->drained == deflate->slots && drain(deflate) != 0) return NULL;
    struct block *block = current(deflate);
    if (!block) return NULL;
    // The content that was handed over is only read from here on.
    memcpy(block->input, full->input + full->dictionary + full->count - WINDOW, WINDOW);
    block->dictionary = WINDOW;
    block->count = 0;
    return block;
}

static struct block *begin(struct ops_deflate *deflate) {
    struct block *block = current(deflate);
    if (!block || deflate->has_begun) return block;
    deflate->has_begun = true;
    deflate->crc = 0;
    block->dictionary = block->count = 0;
    return block;
}

int ops_deflate_write(struct ops_deflate *deflate, const void *bytes, size_t count) {
    const unsigned char *rest = bytes;
    struct block *block = begin(deflate);
    if (!block) return -1;
    while (count) {
        if (block->count == BLOCK && !(block = advance(deflate, block))) return -1;
        size_t part = BLOCK - block->count < count ? BLOCK - block->count : count;
        memcpy(block->input + block->dictionary + block->count, rest, part);
        block->count += part;
        rest += part;
        count -= part;
    }
    return 0;
}

int ops_deflate_finish(struct ops_deflate *deflate, uint32_t *crc) {
    struct block *block = begin(deflate);
    if (!block || submit(deflate, block, true) != 0) return -1;
    while (deflate->drained < deflate->filled)
        if (drain(deflate) != 0) return -1;
    deflate->has_begun = false;
    *crc = deflate->crc;
    return 0;
}

void ops_deflate_free(struct ops_deflate *deflate) {
    pthread_mutex_lock(&deflate->mutex);
    deflate->is_ending = true;
    pthread_cond_broadcast(&deflate->work);
    pthread_mutex_unlock(&deflate->mutex);
    for (unsigned number = 0; number < deflate->started; number++) pthread_join(deflate->thread[number], NULL);
    if (deflate->has_own) deflateEnd(&deflate->own);
    for (unsigned slot = 0; deflate->blocks && slot < deflate->slots; slot++) {
        free(deflate->blocks[slot].input);
        free(deflate->blocks[slot].output);
    }
    free(deflate->blocks);
    pthread_cond_destroy(&deflate->work);
    pthread_cond_destroy(&deflate->done);
    pthread_mutex_destroy(&deflate->mutex);
    free(deflate);
}
