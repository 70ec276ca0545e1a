#define _GNU_SOURCE
#include "CLibArchive.h"

#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __APPLE__
#include <xlocale.h>
#define LIBRARY "libarchive.13.dylib"
#else
#define LIBRARY "libarchive.so.13"
#endif

#define FUNCTIONS(X)                                                                                  \
    X(archive_write_new) X(archive_write_free) X(archive_write_open) X(archive_write_close)           \
    X(archive_write_add_filter_by_name) X(archive_write_set_format_pax_restricted)                    \
    X(archive_write_set_format_raw) X(archive_write_set_options) X(archive_write_header)              \
    X(archive_write_data) X(archive_write_finish_entry) X(archive_write_set_bytes_per_block)          \
    X(archive_write_set_bytes_in_last_block) X(archive_error_string) X(archive_set_error)             \
    X(archive_read_new) X(archive_read_free) X(archive_read_open_fd) X(archive_read_append_filter)    \
    X(archive_read_support_format_tar) X(archive_read_support_format_zip_seekable)                    \
    X(archive_read_support_format_raw)                                                                \
    X(archive_read_next_header2) X(archive_read_data) X(archive_entry_new) X(archive_entry_free)      \
    X(archive_entry_clear) X(archive_entry_set_pathname) X(archive_entry_set_filetype)                \
    X(archive_entry_set_perm) X(archive_entry_set_size) X(archive_entry_set_mtime)                    \
    X(archive_entry_set_uid) X(archive_entry_set_gid) X(archive_entry_set_symlink)                    \
    X(archive_entry_pathname) X(archive_entry_hardlink) X(archive_entry_symlink)                      \
    X(archive_entry_filetype) X(archive_entry_perm) X(archive_entry_size)                             \
    X(archive_entry_size_is_set) X(archive_entry_mtime) X(archive_entry_uid) X(archive_entry_gid)     \
    X(archive_entry_is_encrypted)

static struct {
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
} la;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char problem[512];
static locale_t utf8;

static void load(void) {
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *text = dlerror();
        snprintf(problem, sizeof problem, "%s", text ? text : LIBRARY " cannot be loaded");
        return;
    }
#define LOOK_UP(name)                                                                   \
    if (!(*(void **)(&la.name) = dlsym(library, #name))) {                              \
        snprintf(problem, sizeof problem, "%s lacks %s", LIBRARY, #name);               \
        return;                                                                         \
    }
    FUNCTIONS(LOOK_UP)
#undef LOOK_UP
    utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!utf8) utf8 = newlocale(LC_CTYPE_MASK, "en_US.UTF-8", (locale_t)0);
    if (!utf8) snprintf(problem, sizeof problem, "the system has no locale C.UTF-8");
}

const char *ops_archive_load(void) {
    pthread_once(&once, load);
    return problem[0] ? problem : NULL;
}

struct ops_archive_writer {
    struct archive *archive;
    struct archive_entry *entry;
    ops_archive_sink sink;
    void *context;
    bool is_raw;
};

struct ops_archive_writer *ops_archive_writer_new(ops_archive_sink sink, void *context) {
    struct ops_archive_writer *writer = calloc(1, sizeof *writer);
    if (!writer) return NULL;
    writer->archive = la.archive_write_new();
    writer->entry = la.archive_entry_new();
    writer->sink = sink;
    writer->context = context;
    if (writer->archive && writer->entry) return writer;
    ops_archive_writer_free(writer);
    return NULL;
}

static la_ssize_t pass_on(struct archive *archive, void *context, const void *bytes, size_t count) {
    struct ops_archive_writer *writer = context;
    if (writer->sink(writer->context, bytes, count) == 0) return (la_ssize_t)count;
    la.archive_set_error(archive, EIO, "the output was refused");
    return -1;
}

static int write_header(struct ops_archive_writer *writer) {
    return la.archive_write_header(writer->archive, writer->entry) == ARCHIVE_OK ? OPS_ARCHIVE_OK : OPS_ARCHIVE_FAILED;
}

int ops_archive_writer_open(struct ops_archive_writer *writer, const char *filter, const char *options) {
    locale_t caller = uselocale(utf8);
    struct archive *archive = writer->archive;
    writer->is_raw = filter != NULL;
    int result = filter ? la.archive_write_set_format_raw(archive) : la.archive_write_set_format_pax_restricted(archive);
    if (result == ARCHIVE_OK && filter) result = la.archive_write_add_filter_by_name(archive, filter);
    if (result == ARCHIVE_OK) result = la.archive_write_set_bytes_per_block(archive, 1 << 16);
    // No padding behind the end: a compressed stream ends where it ends.
    if (result == ARCHIVE_OK) result = la.archive_write_set_bytes_in_last_block(archive, 1);
    if (result == ARCHIVE_OK && options) result = la.archive_write_set_options(archive, options);
    if (result == ARCHIVE_OK) result = la.archive_write_open(archive, writer, NULL, pass_on, NULL);
    if (result == ARCHIVE_OK && filter) {
        la.archive_entry_set_pathname(writer->entry, "data");
        la.archive_entry_set_filetype(writer->entry, AE_IFREG);
        result = write_header(writer);
    }
    uselocale(caller);
    return result == ARCHIVE_OK ? OPS_ARCHIVE_OK : OPS_ARCHIVE_FAILED;
}

int ops_archive_writer_entry(struct ops_archive_writer *writer, const struct ops_archive_entry *entry) {
    locale_t caller = uselocale(utf8);
    struct archive_entry *header = writer->entry;
    la.archive_entry_clear(header);
    la.archive_entry_set_pathname(header, entry->path);
    la.archive_entry_set_filetype(
        header, entry->kind == OPS_ARCHIVE_FOLDER ? AE_IFDIR : entry->kind == OPS_ARCHIVE_SYMLINK ? AE_IFLNK : AE_IFREG);
    la.archive_entry_set_perm(header, entry->mode);
    la.archive_entry_set_size(header, entry->size);
    la.archive_entry_set_mtime(header, entry->modified, 0);
    la.archive_entry_set_uid(header, entry->owner);
    la.archive_entry_set_gid(header, entry->group);
    if (entry->kind == OPS_ARCHIVE_SYMLINK) la.archive_entry_set_symlink(header, entry->target);
    int result = write_header(writer);
    uselocale(caller);
    return result;
}

ssize_t ops_archive_writer_data(struct ops_archive_writer *writer, const void *bytes, size_t count) {
    return la.archive_write_data(writer->archive, bytes, count);
}

int ops_archive_writer_close(struct ops_archive_writer *writer) {
    locale_t caller = uselocale(utf8);
    int result = writer->is_raw ? la.archive_write_finish_entry(writer->archive) : ARCHIVE_OK;
    if (result == ARCHIVE_OK) result = la.archive_write_close(writer->archive);
    uselocale(caller);
    return result == ARCHIVE_OK ? OPS_ARCHIVE_OK : OPS_ARCHIVE_FAILED;
}

const char *ops_archive_writer_error(struct ops_archive_writer *writer) {
    return la.archive_error_string(writer->archive);
}

void ops_archive_writer_free(struct ops_archive_writer *writer) {
    if (writer->entry) la.archive_entry_free(writer->entry);
    if (writer->archive) la.archive_write_free(writer->archive);
    free(writer);
}

struct ops_archive_reader {
    struct archive *archive;
    struct archive_entry *entry;
};

struct ops_archive_reader *ops_archive_reader_new(void) {
    struct ops_archive_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return NULL;
    reader->archive = la.archive_read_new();
    reader->entry = la.archive_entry_new();
    if (reader->archive && reader->entry) return reader;
    ops_archive_reader_free(reader);
    return NULL;
}

int ops_archive_reader_open(
    struct ops_archive_reader *reader, int descriptor, enum ops_archive_format format,
    enum ops_archive_filter filter) {
    static const int codes[] = {
        ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_BZIP2, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_ZSTD,
    };
    locale_t caller = uselocale(utf8);
    struct archive *archive = reader->archive;
    // Exactly one format and one filter: left to itself the library peels up to 25 layers (gzip bombs and quines).
    int result = ARCHIVE_FATAL;
    switch (format) {
    case OPS_ARCHIVE_TAR: result = la.archive_read_support_format_tar(archive); break;
    case OPS_ARCHIVE_ZIP: result = la.archive_read_support_format_zip_seekable(archive); break;
    case OPS_ARCHIVE_RAW: result = la.archive_read_support_format_raw(archive); break;
    }
    if (result == ARCHIVE_OK && filter != OPS_ARCHIVE_PLAIN) result = la.archive_read_append_filter(archive, codes[filter]);
    if (result == ARCHIVE_OK) result = la.archive_read_open_fd(archive, descriptor, 1 << 18);
    uselocale(caller);
    return result == ARCHIVE_OK ? OPS_ARCHIVE_OK : OPS_ARCHIVE_FAILED;
}

int ops_archive_reader_next(struct ops_archive_reader *reader, struct ops_archive_entry *entry) {
    locale_t caller = uselocale(utf8);
    int result = la.archive_read_next_header2(reader->archive, reader->entry);
    if (result == ARCHIVE_OK) {
        struct archive_entry *header = reader->entry;
        const char *hard = la.archive_entry_hardlink(header);
        memset(entry, 0, sizeof *entry);
        entry->path = la.archive_entry_pathname(header);
        entry->target = hard ? hard : la.archive_entry_symlink(header);
        switch (la.archive_entry_filetype(header)) {
        case AE_IFREG: entry->kind = OPS_ARCHIVE_FILE; break;
        case AE_IFDIR: entry->kind = OPS_ARCHIVE_FOLDER; break;
        case AE_IFLNK: entry->kind = OPS_ARCHIVE_SYMLINK; break;
        default: entry->kind = OPS_ARCHIVE_OTHER;
        }
        if (hard) entry->kind = OPS_ARCHIVE_HARDLINK;
        entry->mode = la.archive_entry_perm(header);
        entry->size = la.archive_entry_size_is_set(header) ? la.archive_entry_size(header) : -1;
        entry->modified = la.archive_entry_mtime(header);
        entry->owner = la.archive_entry_uid(header);
        entry->group = la.archive_entry_gid(header);
        entry->is_encrypted = la.archive_entry_is_encrypted(header) != 0;
    }
    uselocale(caller);
    return result == ARCHIVE_OK ? OPS_ARCHIVE_OK : result == ARCHIVE_EOF ? OPS_ARCHIVE_END : OPS_ARCHIVE_FAILED;
}

ssize_t ops_archive_reader_data(struct ops_archive_reader *reader, void *bytes, size_t count) {
    locale_t caller = uselocale(utf8);
    la_ssize_t result = la.archive_read_data(reader->archive, bytes, count);
    uselocale(caller);
    return result < 0 ? -1 : (ssize_t)result;
}

const char *ops_archive_reader_error(struct ops_archive_reader *reader) {
    return la.archive_error_string(reader->archive);
}

void ops_archive_reader_free(struct ops_archive_reader *reader) {
    if (reader->entry) la.archive_entry_free(reader->entry);
    if (reader->archive) la.archive_read_free(reader->archive);
    free(reader);
}

int ops_archive_exchange(const char *staged, const char *target) {
#ifdef __linux__
    return renameat2(AT_FDCWD, staged, AT_FDCWD, target, RENAME_EXCHANGE) == 0 ? 0 : errno;
#else
    return renamex_np(staged, target, RENAME_SWAP) == 0 ? 0 : errno;
#endif
}
