#ifndef CLIBARCHIVE_H
#define CLIBARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// libarchive, loaded when the first archive is opened and only the parts that ops uses. Every call runs in the
// thread's own C.UTF-8 locale: in the locale "C" libarchive loses or crashes on names that are not ASCII. A handle
// belongs to one thread at a time.

/// Loads the library; NULL, or why that failed (a text that stays).
const char *ops_archive_load(void);

enum ops_archive_status {
    OPS_ARCHIVE_OK = 0,
    OPS_ARCHIVE_END = 1,
    OPS_ARCHIVE_FAILED = -1,
};

enum ops_archive_kind {
    OPS_ARCHIVE_FILE,
    OPS_ARCHIVE_FOLDER,
    OPS_ARCHIVE_SYMLINK,
    OPS_ARCHIVE_HARDLINK,
    OPS_ARCHIVE_OTHER,
};

struct ops_archive_entry {
    const char *path;        ///< UTF-8; NULL where it cannot be read as such
    const char *target;      ///< of a link; else NULL
    enum ops_archive_kind kind;
    uint32_t mode;           ///< permission bits
    int64_t size;            ///< bytes; -1 where the archive does not say
    int64_t modified;        ///< seconds since 1970
    int64_t owner, group;
    bool is_encrypted;
};

/// Takes all the bytes and gives 0, or another number to stop.
typedef int (*ops_archive_sink)(void *context, const void *bytes, size_t count);

struct ops_archive_writer;

/// A tar stream (restricted pax), or with `filter` (`zstd`, `xz`) compressed bytes of a single stream.
///
/// `options` are libarchive's (archive_write_set_options(3)) or NULL. NULL where memory is short.
struct ops_archive_writer *ops_archive_writer_new(ops_archive_sink sink, void *context);
int ops_archive_writer_open(struct ops_archive_writer *writer, const char *filter, const char *options);
int ops_archive_writer_entry(struct ops_archive_writer *writer, const struct ops_archive_entry *entry);
/// The bytes written, or -1.
ssize_t ops_archive_writer_data(struct ops_archive_writer *writer, const void *bytes, size_t count);
int ops_archive_writer_close(struct ops_archive_writer *writer);
const char *ops_archive_writer_error(struct ops_archive_writer *writer);
void ops_archive_writer_free(struct ops_archive_writer *writer);

enum ops_archive_filter { OPS_ARCHIVE_PLAIN, OPS_ARCHIVE_GZIP, OPS_ARCHIVE_BZIP2, OPS_ARCHIVE_XZ, OPS_ARCHIVE_ZSTD };

enum ops_archive_format {
    OPS_ARCHIVE_TAR,
    OPS_ARCHIVE_ZIP,
    OPS_ARCHIVE_RAW,  ///< one entry: all that the filter gives
};

struct ops_archive_reader;

struct ops_archive_reader *ops_archive_reader_new(void);
/// Reads the open file from its start: one format, one filter, no guessing.
int ops_archive_reader_open(
    struct ops_archive_reader *reader, int descriptor, enum ops_archive_format format,
    enum ops_archive_filter filter);
/// The next entry; its texts stay until the call after.
int ops_archive_reader_next(struct ops_archive_reader *reader, struct ops_archive_entry *entry);
/// The bytes read into `bytes`, 0 at the end of the entry, or -1.
ssize_t ops_archive_reader_data(struct ops_archive_reader *reader, void *bytes, size_t count);
const char *ops_archive_reader_error(struct ops_archive_reader *reader);
void ops_archive_reader_free(struct ops_archive_reader *reader);

/// Puts the folder `staged` under the name `target` and what was there under `staged`, at once (renameat2(2)).
/// 0, or an error number: ENOSYS or EINVAL where the system cannot.
int ops_archive_exchange(const char *staged, const char *target);

#endif
